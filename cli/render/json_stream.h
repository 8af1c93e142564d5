// A document whose arrays are written item by item: there may be millions.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "cli/render/document.h"

namespace heapglass {

class JsonStream {
 public:
  using Write = std::function<void(std::string_view)>;

  // `head`: an object that is not empty; further members follow.
  JsonStream(const Json& head, Write write);

  void put(std::string_view name, const Json& value);
  void begin_array(std::string_view name);
  void item(const Json& value);  // of the array that was begun, on a line of its own
  void end_array();
  void finish();

 private:
  Write write_;
  bool any_ = false;  // items in the array
};

}  // namespace heapglass
