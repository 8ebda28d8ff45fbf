# cmake --install build/release --prefix FOLDER: a tree that works wherever it is moved. The daemon looks for the
# other programs beside itself, and for DuckDB's library in ../lib; runink-step does so by its RPATH, $ORIGIN/../lib.
install(TARGETS runinkd runi runink-spawner runink-step RUNTIME DESTINATION bin)
install(FILES ${DUCKDB_LIBRARY} DESTINATION lib)
install(FILES README.md CHANGELOG.md packaging/libraries.txt packaging/cluster.toml DESTINATION share/doc/runink)
install(DIRECTORY docs DESTINATION share/doc/runink)
install(DIRECTORY examples DESTINATION share/doc/runink
        PATTERN __pycache__ EXCLUDE)
# The units name the prefix, which is only known here.
install(CODE "set(units \"${PROJECT_SOURCE_DIR}/packaging/systemd\")")
install(CODE [[
  get_filename_component(PREFIX "${CMAKE_INSTALL_PREFIX}" ABSOLUTE)
  foreach(unit runinkd runink-spawner)
    set(file "lib/systemd/system/${unit}.service")
    message(STATUS "Installing: $ENV{DESTDIR}${PREFIX}/${file}")
    configure_file("${units}/${unit}.service.in" "$ENV{DESTDIR}${PREFIX}/${file}" @ONLY)
  endforeach()
]])
