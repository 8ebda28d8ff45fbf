# add_room(NAME [MAY_USE rooms...] [OUTSIDE targets...])
#
# One folder, one static library. Every .cpp in it belongs to it. MAY_USE orders the rooms and
# OUTSIDE names their libraries; which header a room may include is held by tools/house_rules.py.
function(add_room name)
  cmake_parse_arguments(ROOM "" "" "MAY_USE;OUTSIDE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${name}/*.cpp)
  set(reach PUBLIC)
  if(sources)
    add_library(${name} STATIC ${sources})
  else()
    add_library(${name} INTERFACE)  # a room that is still only headers
    set(reach INTERFACE)
  endif()
  target_include_directories(${name} ${reach} ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} ${reach} ${ROOM_MAY_USE} ${ROOM_OUTSIDE})
endfunction()

# room_with_mutants(ROOM MAY_USE rooms...): ROOM_with_mutants, the same sources with their deliberate defects
# (RUNINK_MUTANTS), which tests turn on one by one. What ships has none of them; no program links both.
function(room_with_mutants name)
  cmake_parse_arguments(ROOM "" "" "MAY_USE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${name}/*.cpp)
  add_library(${name}_with_mutants STATIC EXCLUDE_FROM_ALL ${sources})
  target_include_directories(${name}_with_mutants PUBLIC ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${name}_with_mutants PUBLIC RUNINK_MUTANTS)
  target_link_libraries(${name}_with_mutants PUBLIC ${ROOM_MAY_USE})
endfunction()

# add_room_tests(FOLDER LABEL label USES targets... [TIMEOUT seconds] [HEADER actors])
#
# Every .cpp of tests/FOLDER is one test program, test_FOLDER; ctest runs it with LABEL. What it
# cannot test here (no root, a component absent) it reports as skipped, with the reason.
function(add_room_tests folder)
  cmake_parse_arguments(TESTS "" "TIMEOUT;HEADER" "LABEL;USES" ${ARGN})
  if(NOT TESTS_TIMEOUT)
    set(TESTS_TIMEOUT 300)
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${folder}/*.cpp)
  if(NOT sources)
    return()
  endif()
  string(REPLACE "/" "_" program test_${folder})
  add_executable(${program} ${sources} ${PROJECT_SOURCE_DIR}/tests/support/main.cpp)
  target_link_libraries(${program} PRIVATE ${TESTS_USES} Boost::unit_test_framework)
  # It says what Boost.Test is to be, so it is compiled by itself.
  set_source_files_properties(${PROJECT_SOURCE_DIR}/tests/support/main.cpp PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  check_values_only(${program})
  if(NOT TESTS_HEADER)
    precompile_test(${program})
    set_source_files_properties(${PROJECT_SOURCE_DIR}/tests/support/main.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  elseif(TESTS_HEADER STREQUAL "actors")
    reuse_actors_header(${program})
  endif()
  target_compile_definitions(${program} PRIVATE
    RUNINK_SOURCE_DIR="${PROJECT_SOURCE_DIR}" RUNINK_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  # Boost says why a case is skipped only from log level test_suite on.
  add_test(NAME ${folder} COMMAND ${program} --log_level=test_suite --report_level=short --color_output=no)
  set_tests_properties(${folder} PROPERTIES LABELS "${TESTS_LABEL}" TIMEOUT ${TESTS_TIMEOUT})
endfunction()

# compile_together(TARGET [APART sources...]): several sources in one run of the compiler, so that templates (CAF, Asio, std::variant,
# Boost.Test) are instantiated once for all of them: half the time of a build. Their anonymous namespaces become one,
# so no two sources of such a target may give the same name to different things there, unless one of them is named
# behind APART. Not under `tidy`, where each
# source must stand by itself.
function(compile_together target)
  cmake_parse_arguments(TOGETHER "" "" "APART" ${ARGN})
  get_target_property(type ${target} TYPE)
  if(NOT RUNINK_TIDY AND NOT type STREQUAL "INTERFACE_LIBRARY")
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 6)
    foreach(source ${TOGETHER_APART})
      set_source_files_properties(${PROJECT_SOURCE_DIR}/${source} TARGET_DIRECTORY ${target}
                                  PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    endforeach()
    # To g++ each source is a header then, and what is anonymous in a header is suspicious to it.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
endfunction()
