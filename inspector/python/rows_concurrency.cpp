// Rows of asyncio, threads, queues and context variables (Modules/_asynciomodule.c,
// Modules/_threadmodule.c, Modules/_queuemodule.c, Python/context.c, Python/hamt.c).
#include "inspector/python/rows_library.h"

namespace heapglass {

namespace {

constexpr ReferenceKind kOwned = ReferenceKind::owned;

}  // namespace

std::vector<Row> concurrency_rows() {
  std::vector<Row> rows = {
      {"_asyncio.Future",
       Fact::sizeof_FutureObj,
       Shape::fixed,
       {{Fact::FutureObj_fut_loop, "._loop"},
        {Fact::FutureObj_fut_callback0, "<callback>"},
        {Fact::FutureObj_fut_context0, "<callback context>"},
        {Fact::FutureObj_fut_callbacks, "<callbacks>"},
        {Fact::FutureObj_fut_result, "._result"},
        {Fact::FutureObj_fut_exception, "._exception"},
        {Fact::FutureObj_fut_exception_tb, "<exception traceback>"},
        {Fact::FutureObj_fut_source_tb, "._source_traceback"},
        {Fact::FutureObj_fut_cancel_msg, "._cancel_message"},
        {Fact::FutureObj_fut_cancelled_exc, "<cancelled exception>"},
        {Fact::FutureObj_fut_awaited_by, "<awaited by>"},
        {Fact::FutureObj_fut_cancelled_exc_state_exc_type, "<exc_type>"},
        {Fact::FutureObj_fut_cancelled_exc_state_exc_value, "<exc_value>"},
        {Fact::FutureObj_fut_cancelled_exc_state_exc_traceback, "<exc_traceback>"},
        {Fact::FutureObj_dict, ".__dict__"}}},
      {"_asyncio.Task",
       Fact::sizeof_TaskObj,
       Shape::fixed,
       {{Fact::TaskObj_task_context, "<context>"},
        {Fact::TaskObj_task_coro, "._coro"},
        {Fact::TaskObj_task_name, "<name>"},
        {Fact::TaskObj_task_fut_waiter, "._fut_waiter"}}},
      {"_asyncio.FutureIter",
       Fact::sizeof_futureiterobject,
       Shape::fixed,
       {{Fact::futureiterobject_future, "<future>"}}},
      // The lock and the owner are the system's; a lock that is held holds nothing.
      {"_thread.lock", kAnySize},
      {"_thread.RLock", kAnySize},
      {"_thread._ThreadHandle", kAnySize},
      {"_thread._local",
       Fact::sizeof_localobject,
       Shape::fixed,
       {{Fact::localobject_args, "<args>"},
        {Fact::localobject_kw, "<kwargs>"},
        {Fact::localobject_dummies, "<dummies>"},
        {Fact::localobject_localdicts, "<dicts>"},
        {Fact::localobject_thread_watchdogs, "<watchdogs>"},
        {Fact::localobject_key, "<key>", kOwned},
        {Fact::localobject_wr_callback, "<callback>", kOwned}}},
      {"_thread._localdummy", kAnySize},  // its dict is borrowed from the local's dummies
      {"_queue.SimpleQueue",
       Fact::sizeof_simplequeueobject,
       Shape::simple_queue,
       {{Fact::simplequeueobject_lst, "<items>"}}},
      {"hamt", Fact::sizeof_PyHamtObject, Shape::fixed, {{Fact::PyHamtObject_h_root, "<root>"}}},
      {"hamt_bitmap_node", Fact::PyHamtNode_Bitmap_b_array, Shape::hamt_bitmap, {}},
      {"hamt_array_node", Fact::sizeof_PyHamtNode_Array, Shape::hamt_array, {}},
      {"hamt_collision_node", Fact::PyHamtNode_Collision_c_array, Shape::hamt_collision, {}},
  };
  for (const std::string_view type : {"_asyncio.TaskStepMethWrapper", "TaskStepMethWrapper"}) {
    rows.push_back({type,
                    Fact::sizeof_TaskStepMethWrapper,
                    Shape::fixed,
                    {{Fact::TaskStepMethWrapper_sw_task, "<task>"},
                     {Fact::TaskStepMethWrapper_sw_arg, "<argument>"}}});
  }
  rows.push_back({"TaskWakeupMethWrapper",
                  Fact::sizeof_TaskWakeupMethWrapper,
                  Shape::fixed,
                  {{Fact::TaskWakeupMethWrapper_ww_task, "<task>"}}});
  rows.push_back({"_RunningLoopHolder",
                  Fact::sizeof_PyRunningLoopHolder,
                  Shape::fixed,
                  {{Fact::PyRunningLoopHolder_rl_loop, "<loop>", kOwned}}});
  // Static types are named by their tp_name, which had no module before 3.10.
  for (const std::string_view type : {"_contextvars.Context", "Context"}) {
    rows.push_back(
        {type,
         Fact::sizeof_PyContext,
         Shape::fixed,
         {{Fact::PyContext_ctx_prev, "<previous>"}, {Fact::PyContext_ctx_vars, "<variables>"}}});
  }
  for (const std::string_view type : {"_contextvars.ContextVar", "ContextVar"}) {
    rows.push_back(
        {type,
         Fact::sizeof_PyContextVar,
         Shape::fixed,
         {{Fact::PyContextVar_var_name, ".name"}, {Fact::PyContextVar_var_default, "<default>"}}});
  }
  for (const std::string_view type : {"_contextvars.Token", "Token"}) {
    rows.push_back({type,
                    Fact::sizeof_PyContextToken,
                    Shape::fixed,
                    {{Fact::PyContextToken_tok_ctx, "<context>"},
                     {Fact::PyContextToken_tok_var, ".var"},
                     {Fact::PyContextToken_tok_oldval, ".old_value"}}});
  }
  return rows;
}

}  // namespace heapglass
