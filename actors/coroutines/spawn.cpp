#include "actors/coroutines/spawn.hpp"

namespace runink::co {

caf::error error_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const ActorError& known) {
    return known.error;
  } catch (const std::exception& other) {
    return caf::make_error(caf::sec::runtime_error, std::string{other.what()});
  } catch (...) {
    return caf::make_error(caf::sec::runtime_error, std::string{"not a std::exception"});
  }
}

}  // namespace runink::co
