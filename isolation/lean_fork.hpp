// What children of the spawner need not inherit.
#pragma once

namespace runink::isolation {

/// Keeps out of later forks the data of libraries that only the spawner calls, and gives free
/// memory back: 1.3 of 1.7 MiB whose page tables each berth would copy, and each exec tear down.
/// A child that called these libraries would crash. To be called once they are initialized; where
/// it does not work children are only slower.
void keep_out_of_forks();

}  // namespace runink::isolation
