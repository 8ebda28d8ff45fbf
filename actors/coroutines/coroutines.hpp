// actors/coroutines/: stories with steps and waits, told inside CAF 0.17.6 actors. Read in this
// order:
//
//   scope.hpp      who owns a suspended coroutine, and when it ends: Scope, Ticket
//   task.hpp       Task<T>: what a coroutine of an actor returns
//   ask.hpp        co_await ask<R>(self, actor, time, message...), co_await sleep(self, time)
//   spawn.hpp      a handler starts a coroutine: spawn(...), or answers with one: respond<T>(...)
//   errors.hpp     CAF's errors as faults; Result<T> as a message
//   wake.hpp       another thread resumes a coroutine of an actor
//   blocking.hpp   co_await on_disk(...): a call that blocks, on a disk thread
//   asio_gate.hpp  an Asio coroutine asks an actor
//   on_asio.hpp    an actor's coroutine waits for an Asio coroutine
//   waker.hpp      Asio coroutines of one thread wait for each other
//   hand_over.hpp  how CAF's workers share the actors that have something to do
//   system.hpp     how the actor system is set up
//
// Promised: a suspended coroutine ends with its actor, and before the actor's state; a responder
// that dies answers; nothing waits for ever on a promise that was dropped. Every awaitable here
// resumes in the actor that awaited it.
//
// Rules of the house for those who write coroutines:
//   - The Scope is the LAST member of the actor's state, so that frames end before what they use.
//   - After every co_await, what was true may not be: check the term, the attempt, the run again.
//   - Arguments by value. A lambda with captures is given to spawn() or respond(), never called by
//     hand: its closure must outlive its frame.
//   - g++ 12 destroys temporaries within a co_await expression twice when they are aggregates or
//     closures with captures: name them first. on_disk() and on_asio() refuse to compile else.
//   - current_sender() and response promises are taken before the first co_await.
#pragma once

#include "actors/coroutines/asio_gate.hpp"
#include "actors/coroutines/ask.hpp"
#include "actors/coroutines/blocking.hpp"
#include "actors/coroutines/errors.hpp"
#include "actors/coroutines/on_asio.hpp"
#include "actors/coroutines/scope.hpp"
#include "actors/coroutines/spawn.hpp"
#include "actors/coroutines/system.hpp"
#include "actors/coroutines/task.hpp"
#include "actors/coroutines/wake.hpp"
#include "actors/coroutines/waker.hpp"
