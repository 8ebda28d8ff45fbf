# How everything is compiled.
add_compile_options(-Wall -Wextra -Wpedantic -Wnon-virtual-dtor -Wno-missing-field-initializers -fno-omit-frame-pointer)
option(RUNINK_WERROR "warnings are errors" ON)
if(RUNINK_WERROR)
  add_compile_options(-Werror)
endif()
# g++ 12 warns falsely about std::string and std::variant under -O2 and under sanitizers.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict> -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds -Wno-stringop-overread)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  # Enough for a stack with lines, at half the time and a third of the size of -g.
  add_compile_options(-g1 -O1)
endif()
if(RUNINK_SANITIZE)
  # CAF 0.17.6 binds a null reference in a header (init_fun_factory.hpp), hence no `null` check.
  add_compile_options(-fsanitize=${RUNINK_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${RUNINK_SANITIZE})
  if(RUNINK_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize=null)
  endif()
endif()
# compile_fast(TARGET): for the Debug build of shells and tests, whose templates (CAF, Asio, Boost.Test) take
# most of a build. Without optimization, and without the three checks that stand at every access to a
# member, they compile in half the time; what decides, parses or touches the disk keeps every check.
function(compile_fast target)
  if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    return()
  endif()
  target_compile_options(${target} PRIVATE -O0)
  check_values_only(${target})
endfunction()

# check_values_only(TARGET): without those three checks.
function(check_values_only target)
  if(RUNINK_SANITIZE MATCHES "undefined")
    target_compile_options(${target} PRIVATE -fno-sanitize=alignment,vptr,object-size)
  endif()
endfunction()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
if(RUNINK_TIDY)
  find_program(CLANG_TIDY NAMES clang-tidy-19 REQUIRED)
  # It reads g++'s command lines; warnings are g++'s to give (-w), checks are in .clang-tidy.
  set(CMAKE_CXX_CLANG_TIDY ${CLANG_TIDY} --quiet --extra-arg=-w)
  # Nothing else is wanted, so g++ only reads, and nothing is linked.
  set(CMAKE_CXX_COMPILE_OBJECT
    "<CMAKE_CXX_COMPILER> <DEFINES> <INCLUDES> <FLAGS> -fsyntax-only -c <SOURCE>"
    "<CMAKE_COMMAND> -E touch <OBJECT>")
  set(CMAKE_CXX_CREATE_STATIC_LIBRARY "<CMAKE_COMMAND> -E touch <TARGET>")
  set(CMAKE_CXX_ARCHIVE_CREATE "<CMAKE_COMMAND> -E touch <TARGET>")
  set(CMAKE_CXX_ARCHIVE_FINISH "<CMAKE_COMMAND> -E true")
  set(CMAKE_CXX_LINK_EXECUTABLE "<CMAKE_COMMAND> -E touch <TARGET>")
endif()
