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
  # Enough for a stack with lines, at half the time and a third of the size of -g. Without optimization
  # most of a build takes half as long: what computes for long in tests says so with `optimize_for_tests`.
  add_compile_options(-g1 -O0)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ collects its garbage from 1 GiB on instead of 128 MiB: a tenth of its time, at 1.2 GiB a process.
    add_compile_options(--param ggc-min-heapsize=1048576)
  endif()
endif()
if(RUNINK_SANITIZE)
  # CAF 0.17.6 binds a null reference in a header (init_fun_factory.hpp), hence no `null` check.
  add_compile_options(-fsanitize=${RUNINK_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${RUNINK_SANITIZE})
  if(RUNINK_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize=null)
  endif()
endif()
# optimize_for_tests(TARGET): for the Debug build of what simulations and row by row tests spend their time in.
function(optimize_for_tests target)
  if(CMAKE_BUILD_TYPE STREQUAL "Debug")
    target_compile_options(${target} PRIVATE -O1)
  endif()
endfunction()

# check_values_only(TARGET): without the three checks of UBSan that stand at every access to a member, which
# take much of compiling templates (CAF, Asio, Boost.Test). What parses or touches the disk keeps every check.
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
