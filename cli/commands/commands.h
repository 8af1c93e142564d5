// One function for each verb: its row of the command table.
#pragma once

#include "cli/command.h"

namespace heapglass {

Command overview_command();
Command ps_command();
Command doctor_command();
Command suspects_command();
Command histogram_command();
Command cycles_command();
Command paths_command();
Command referrers_command();
Command show_command();
Command retained_command();
Command threads_command();
Command export_command();
Command snapshot_command();
Command core_command();

}  // namespace heapglass
