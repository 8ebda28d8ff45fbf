# Precompiled headers: of actors/, where CAF and Asio cost seconds in every source that includes them,
# and of the tests, where Boost.Test costs one.
#
# ccache keeps objects that use a precompiled header only when it may trust its contents (sloppiness
# `pch_defines`), and g++ has to write `#pragma GCC pch_preprocess` for it (-fpch-preprocess).
function(precompile_actors target)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "INTERFACE_LIBRARY" OR RUNINK_TIDY)  # clang cannot read what g++ precompiled
    return()
  endif()
  target_precompile_headers(${target} PRIVATE
    <caf/all.hpp> <caf/actor_companion.hpp>
    <boost/asio/awaitable.hpp> <boost/asio/co_spawn.hpp> <boost/asio/use_awaitable.hpp>
    <boost/asio/steady_timer.hpp> <boost/asio/strand.hpp> <boost/asio/bind_cancellation_slot.hpp>
    <boost/asio/ip/tcp.hpp> <boost/asio/local/stream_protocol.hpp> <boost/asio/read.hpp>
    <boost/asio/write.hpp> <boost/json.hpp>
    <chrono> <coroutine> <filesystem> <functional> <map> <memory> <mutex> <optional> <string>
    <thread> <variant> <vector>)
  use_precompiled(${target})
endfunction()

# For tests of actors/: the same flags, so the same header will do.
function(reuse_actors_header target)
  get_target_property(type actors TYPE)
  if(TARGET ${target} AND type STREQUAL "STATIC_LIBRARY" AND NOT RUNINK_TIDY)
    target_precompile_headers(${target} REUSE_FROM actors)
    use_precompiled(${target})
  endif()
endfunction()

# Of a test program that has no header of its own. Its main says what Boost.Test is to be, so it goes without.
function(precompile_test target)
  if(RUNINK_TIDY)
    return()
  endif()
  if(NOT TARGET test_header)
    file(WRITE ${CMAKE_BINARY_DIR}/test_header.cpp "// Stands for the precompiled header of the tests.\n")
    add_library(test_header OBJECT ${CMAKE_BINARY_DIR}/test_header.cpp)
    target_link_libraries(test_header PRIVATE Boost::unit_test_framework)
    target_precompile_headers(test_header PRIVATE <boost/test/unit_test.hpp>
      <algorithm> <cstdint> <functional> <map> <optional> <string> <string_view> <variant> <vector>)
    check_values_only(test_header)
    use_precompiled(test_header)
  endif()
  target_precompile_headers(${target} REUSE_FROM test_header)
  use_precompiled(${target})
endfunction()

function(use_precompiled target)
  if(CCACHE)
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
    set_target_properties(${target} PROPERTIES CXX_COMPILER_LAUNCHER
      "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros;${CCACHE}")
  endif()
endfunction()
