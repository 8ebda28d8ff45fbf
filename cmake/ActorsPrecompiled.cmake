# The precompiled header of actors/: CAF and Asio cost seconds in every source that includes them.
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

function(use_precompiled target)
  if(CCACHE)
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
    set_target_properties(${target} PROPERTIES CXX_COMPILER_LAUNCHER
      "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros;${CCACHE}")
  endif()
endfunction()
