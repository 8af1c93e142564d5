// Rows of the objects that every program has. The kind of a field is what the type's tp_traverse
// does with it, in the file of Objects/ that is named.
#include <tuple>
#include <utility>

#include "inspector/python/rows.h"

namespace heapglass {

namespace {

constexpr ReferenceKind kOwned = ReferenceKind::owned;

// Fields of an exception behind those of BaseException (Objects/exceptions.c). All of them are
// shown.
Row exception(std::string_view type, Fact size, std::vector<RowField> fields) {
  return {type, size, Shape::fixed, std::move(fields)};
}

std::vector<Row> make_rows() {
  std::vector<Row> rows = {
      {"object", Fact::sizeof_PyObject, Shape::fixed, {}},
      {"NoneType", Fact::sizeof_PyObject, Shape::fixed, {}},
      {"NotImplementedType", Fact::sizeof_PyObject, Shape::fixed, {}},
      {"ellipsis", Fact::sizeof_PyObject, Shape::fixed, {}},
      {"type", Fact::sizeof_PyHeapTypeObject, Shape::type, {}},
      {"tuple", Fact::PyTupleObject_ob_item, Shape::tuple, {}},
      {"list", Fact::sizeof_PyListObject, Shape::list, {}},
      {"dict", Fact::sizeof_PyDictObject, Shape::dict, {}},
      {"frozendict", Fact::sizeof_PyFrozenDictObject, Shape::dict, {}},
      {"set", Fact::sizeof_PySetObject, Shape::set, {}},
      {"frozenset", Fact::sizeof_PySetObject, Shape::set, {}},
      {"str", Fact::sizeof_PyUnicodeObject, Shape::str, {}},
      {"bytearray",
       Fact::sizeof_PyByteArrayObject,
       Shape::bytearray,
       {{Fact::PyByteArrayObject_ob_bytes_object, "<bytes>", kOwned}}},
      {"float", Fact::sizeof_PyFloatObject, Shape::fixed, {}},
      {"complex", Fact::sizeof_PyComplexObject, Shape::fixed, {}},
      {"moduledef", Fact::sizeof_PyModuleDef, Shape::fixed, {}},

      // Objects/funcobject.c
      {"function",
       Fact::sizeof_PyFunctionObject,
       Shape::fixed,
       {{Fact::PyFunctionObject_func_code, ".__code__"},
        {Fact::PyFunctionObject_func_globals, ".__globals__"},
        {Fact::PyFunctionObject_func_builtins, ".__builtins__"},
        {Fact::PyFunctionObject_func_module, ".__module__"},
        {Fact::PyFunctionObject_func_defaults, ".__defaults__"},
        {Fact::PyFunctionObject_func_kwdefaults, ".__kwdefaults__"},
        {Fact::PyFunctionObject_func_doc, ".__doc__"},
        {Fact::PyFunctionObject_func_name, ".__name__"},
        {Fact::PyFunctionObject_func_dict, ".__dict__"},
        {Fact::PyFunctionObject_func_closure, ".__closure__"},
        {Fact::PyFunctionObject_func_annotations, ".__annotations__"},
        {Fact::PyFunctionObject_func_annotate, ".__annotate__"},
        {Fact::PyFunctionObject_func_qualname, ".__qualname__"},
        {Fact::PyFunctionObject_func_typeparams, ".__type_params__"}}},
      {"staticmethod",
       Fact::sizeof_staticmethod,
       Shape::fixed,
       {{Fact::staticmethod_sm_callable, ".__func__"}, {Fact::staticmethod_sm_dict, ".__dict__"}}},
      {"classmethod",
       Fact::sizeof_classmethod,
       Shape::fixed,
       {{Fact::classmethod_cm_callable, ".__func__"}, {Fact::classmethod_cm_dict, ".__dict__"}}},
      // Objects/classobject.c, Objects/methodobject.c, Objects/cellobject.c
      {"method",
       Fact::sizeof_PyMethodObject,
       Shape::fixed,
       {{Fact::PyMethodObject_im_func, ".__func__"}, {Fact::PyMethodObject_im_self, ".__self__"}}},
      {"builtin_function_or_method",
       Fact::sizeof_PyCFunctionObject,
       Shape::fixed,
       {{Fact::PyCFunctionObject_m_self, ".__self__"},
        {Fact::PyCFunctionObject_m_module, ".__module__"}}},
      {"builtin_method",
       Fact::sizeof_PyCMethodObject,
       Shape::fixed,
       {{Fact::PyCMethodObject_mm_class, "<class>"}}},
      {"cell",
       Fact::sizeof_PyCellObject,
       Shape::fixed,
       {{Fact::PyCellObject_ob_ref, ".cell_contents"}}},
      // Objects/codeobject.c: code is not collectable, so nothing of it is shown.
      {"code",
       Fact::PyCodeObject_co_code_adaptive,
       Shape::code,
       {{Fact::PyCodeObject_co_consts, ".co_consts", kOwned, false, Fact::since_code_consts_shown},
        {Fact::PyCodeObject_co_names, ".co_names", kOwned},
        {Fact::PyCodeObject_co_exceptiontable, ".co_exceptiontable", kOwned},
        {Fact::PyCodeObject_co_localsplusnames, "<localsplusnames>", kOwned},
        {Fact::PyCodeObject_co_localspluskinds, "<localspluskinds>", kOwned},
        {Fact::PyCodeObject_co_filename, ".co_filename", kOwned},
        {Fact::PyCodeObject_co_name, ".co_name", kOwned},
        {Fact::PyCodeObject_co_qualname, ".co_qualname", kOwned},
        {Fact::PyCodeObject_co_linetable, ".co_linetable", kOwned},
        {Fact::PyCodeObject__co_code, ".co_code", kOwned}}},
      {"code",
       Fact::sizeof_PyCodeObject,
       Shape::code,
       {{Fact::PyCodeObject_co_code, ".co_code", kOwned},
        {Fact::PyCodeObject_co_consts, ".co_consts", kOwned},
        {Fact::PyCodeObject_co_names, ".co_names", kOwned},
        {Fact::PyCodeObject_co_varnames, ".co_varnames", kOwned},
        {Fact::PyCodeObject_co_freevars, ".co_freevars", kOwned},
        {Fact::PyCodeObject_co_cellvars, ".co_cellvars", kOwned},
        {Fact::PyCodeObject_co_filename, ".co_filename", kOwned},
        {Fact::PyCodeObject_co_name, ".co_name", kOwned},
        {Fact::PyCodeObject_co_lnotab, ".co_lnotab", kOwned},
        {Fact::PyCodeObject_co_linetable, ".co_linetable", kOwned}}},
      // Objects/frameobject.c
      {"frame",
       Fact::PyFrameObject__f_frame_data,
       Shape::frame,
       {{Fact::PyFrameObject_f_back, ".f_back"},
        {Fact::PyFrameObject_f_trace, ".f_trace"},
        {Fact::PyFrameObject_f_extra_locals, "<extra locals>"},
        {Fact::PyFrameObject_f_overwritten_fast_locals, "<overwritten locals>"},
        {Fact::PyFrameObject_f_locals_cache, "<locals cache>"}},
       Fact::_PyInterpreterFrame_localsplus},
      {"frame",
       Fact::sizeof_PyFrameObject,
       Shape::frame,
       {{Fact::PyFrameObject_f_back, ".f_back"},
        {Fact::PyFrameObject_f_code, ".f_code"},
        {Fact::PyFrameObject_f_builtins, ".f_builtins"},
        {Fact::PyFrameObject_f_globals, ".f_globals"},
        {Fact::PyFrameObject_f_locals, ".f_locals"},
        {Fact::PyFrameObject_f_trace, ".f_trace"},
        {Fact::PyFrameObject_f_exc_type, "<exc_type>"},
        {Fact::PyFrameObject_f_exc_value, "<exc_value>"},
        {Fact::PyFrameObject_f_exc_traceback, "<exc_traceback>"}}},
      {"traceback",
       Fact::sizeof_PyTracebackObject,
       Shape::fixed,
       {{Fact::PyTracebackObject_tb_next, ".tb_next"},
        {Fact::PyTracebackObject_tb_frame, ".tb_frame"}}},
      // Objects/moduleobject.c
      {"module",
       Fact::sizeof_PyModuleObject,
       Shape::module,
       {{Fact::PyModuleObject_md_dict, ".__dict__"},
        {Fact::PyModuleObject_md_name, "<name>", kOwned}}},
      // Objects/descrobject.c
      {"property",
       Fact::sizeof_propertyobject,
       Shape::fixed,
       {{Fact::propertyobject_prop_get, ".fget"},
        {Fact::propertyobject_prop_set, ".fset"},
        {Fact::propertyobject_prop_del, ".fdel"},
        {Fact::propertyobject_prop_doc, ".__doc__"},
        {Fact::propertyobject_prop_name, "<name>"}}},
      {"mappingproxy",
       Fact::sizeof_mappingproxyobject,
       Shape::fixed,
       {{Fact::mappingproxyobject_mapping, "<mapping>"}}},
      {"method-wrapper",
       Fact::sizeof_wrapperobject,
       Shape::fixed,
       {{Fact::wrapperobject_descr, "<descriptor>"}, {Fact::wrapperobject_self, ".__self__"}}},
      {"super",
       Fact::sizeof_superobject,
       Shape::fixed,
       {{Fact::superobject_type, ".__thisclass__"},
        {Fact::superobject_obj, ".__self__"},
        {Fact::superobject_obj_type, ".__self_class__"}}},
      // Objects/sliceobject.c, Objects/rangeobject.c: a range is not collectable.
      {"slice",
       Fact::sizeof_PySliceObject,
       Shape::fixed,
       {{Fact::PySliceObject_start, ".start"},
        {Fact::PySliceObject_stop, ".stop"},
        {Fact::PySliceObject_step, ".step"}}},
      {"range",
       Fact::sizeof_rangeobject,
       Shape::fixed,
       {{Fact::rangeobject_start, ".start", kOwned},
        {Fact::rangeobject_stop, ".stop", kOwned},
        {Fact::rangeobject_step, ".step", kOwned},
        {Fact::rangeobject_length, "<length>", kOwned}}},
  };

  rows.push_back({"bytes", Fact::PyBytesObject_ob_sval, Shape::fixed, {}, Fact::count, 1});
  // tp_basicsize of int counts no digit in some builds.
  rows.push_back({"int", Fact::sizeof_PyLongObject, Shape::integer, {}});
  rows.push_back({"int", Fact::PyLongObject_long_value_ob_digit, Shape::integer, {}});
  rows.push_back({"bool", Fact::sizeof_PyLongObject, Shape::integer, {}});
  rows.push_back({"bool", Fact::PyLongObject_long_value_ob_digit, Shape::integer, {}});

  // Objects/descrobject.c, descr_traverse: the type is shown, the names are not.
  for (const auto& [type, size] :
       {std::pair{"member_descriptor", Fact::sizeof_PyMemberDescrObject},
        std::pair{"getset_descriptor", Fact::sizeof_PyGetSetDescrObject},
        std::pair{"method_descriptor", Fact::sizeof_PyMethodDescrObject},
        std::pair{"classmethod_descriptor", Fact::sizeof_PyMethodDescrObject},
        std::pair{"wrapper_descriptor", Fact::sizeof_PyWrapperDescrObject}}) {
    rows.push_back({type,
                    size,
                    Shape::fixed,
                    {{Fact::PyDescrObject_d_type, ".__objclass__"},
                     {Fact::PyDescrObject_d_name, ".__name__", kOwned},
                     {Fact::PyDescrObject_d_qualname, ".__qualname__", kOwned}}});
  }
  // Objects/weakrefobject.c: the object itself is no reference. A proxy's attributes are that
  // object's.
  for (const auto& [type, callback] : {std::pair{"weakref", ".__callback__"},
                                       {"weakref.ReferenceType", ".__callback__"},
                                       {"weakproxy", "<callback>"},
                                       {"weakref.ProxyType", "<callback>"},
                                       {"weakcallableproxy", "<callback>"},
                                       {"weakref.CallableProxyType", "<callback>"}}) {
    rows.push_back({type,
                    Fact::sizeof_PyWeakReference,
                    Shape::fixed,
                    {{Fact::PyWeakReference_wr_callback, callback}}});
  }
  // Objects/genobject.c: async_gen_traverse shows the finalizer, gen_traverse not the origin.
  const auto generator_fields = [](std::string_view frame, std::string_view code) {
    return std::vector<RowField>{{Fact::PyGenObject_gi_frame, frame},
                                 {Fact::PyGenObject_gi_code, code},
                                 {Fact::PyGenObject_gi_name, ".__name__"},
                                 {Fact::PyGenObject_gi_qualname, ".__qualname__"},
                                 {Fact::PyGenObject_gi_exc_state_exc_type, "<exc_type>"},
                                 {Fact::PyGenObject_gi_exc_state_exc_value, "<exc_value>"},
                                 {Fact::PyGenObject_gi_exc_state_exc_traceback, "<exc_traceback>"}};
  };
  const std::vector<RowField> generator = generator_fields(".gi_frame", ".gi_code");
  std::vector<RowField> coroutine = generator_fields(".cr_frame", ".cr_code");
  coroutine.push_back({Fact::PyCoroObject_cr_origin_or_finalizer, ".cr_origin", kOwned});
  std::vector<RowField> async_generator = generator_fields(".ag_frame", ".ag_code");
  async_generator.push_back({Fact::PyAsyncGenObject_ag_origin_or_finalizer, "<finalizer>"});
  // From 3.11 on the frame stands inside, up to its locals; those are items.
  constexpr Fact kFrame = Fact::_PyInterpreterFrame_localsplus;
  for (const auto& [type, size, shape, fields] :
       {std::tuple{"generator", Fact::sizeof_PyGenObject, Shape::generator, generator},
        std::tuple{"coroutine", Fact::sizeof_PyCoroObject, Shape::coroutine, coroutine},
        std::tuple{"async_generator", Fact::sizeof_PyAsyncGenObject, Shape::async_generator,
                   async_generator}}) {
    rows.push_back({type, Fact::PyGenObject_gi_iframe, shape, fields, kFrame});
    rows.push_back({type, size, shape, fields});
  }

  rows.push_back(exception("BaseException", Fact::sizeof_PyBaseExceptionObject,
                           {{Fact::PyBaseExceptionObject_dict, ".__dict__"},
                            {Fact::PyBaseExceptionObject_args, ".args"},
                            {Fact::PyBaseExceptionObject_notes, ".__notes__"},
                            {Fact::PyBaseExceptionObject_traceback, ".__traceback__"},
                            {Fact::PyBaseExceptionObject_cause, ".__cause__"},
                            {Fact::PyBaseExceptionObject_context, ".__context__"}}));
  rows.push_back(exception("StopIteration", Fact::sizeof_PyStopIterationObject,
                           {{Fact::PyStopIterationObject_value, ".value"}}));
  rows.push_back(exception("SystemExit", Fact::sizeof_PySystemExitObject,
                           {{Fact::PySystemExitObject_code, ".code"}}));
  rows.push_back(exception("BaseExceptionGroup", Fact::sizeof_PyBaseExceptionGroupObject,
                           {{Fact::PyBaseExceptionGroupObject_msg, ".message"},
                            {Fact::PyBaseExceptionGroupObject_excs, ".exceptions"}}));
  rows.push_back(exception("ImportError", Fact::sizeof_PyImportErrorObject,
                           {{Fact::PyImportErrorObject_msg, ".msg"},
                            {Fact::PyImportErrorObject_name, ".name"},
                            {Fact::PyImportErrorObject_path, ".path"},
                            {Fact::PyImportErrorObject_name_from, ".name_from"}}));
  rows.push_back(exception("OSError", Fact::sizeof_PyOSErrorObject,
                           {{Fact::PyOSErrorObject_myerrno, ".errno"},
                            {Fact::PyOSErrorObject_strerror, ".strerror"},
                            {Fact::PyOSErrorObject_filename, ".filename"},
                            {Fact::PyOSErrorObject_filename2, ".filename2"}}));
  rows.push_back(exception("NameError", Fact::sizeof_PyNameErrorObject,
                           {{Fact::PyNameErrorObject_name, ".name"}}));
  rows.push_back(exception(
      "AttributeError", Fact::sizeof_PyAttributeErrorObject,
      {{Fact::PyAttributeErrorObject_obj, ".obj"}, {Fact::PyAttributeErrorObject_name, ".name"}}));
  rows.push_back(exception("SyntaxError", Fact::sizeof_PySyntaxErrorObject,
                           {{Fact::PySyntaxErrorObject_msg, ".msg"},
                            {Fact::PySyntaxErrorObject_filename, ".filename"},
                            {Fact::PySyntaxErrorObject_lineno, ".lineno"},
                            {Fact::PySyntaxErrorObject_offset, ".offset"},
                            {Fact::PySyntaxErrorObject_end_lineno, ".end_lineno"},
                            {Fact::PySyntaxErrorObject_end_offset, ".end_offset"},
                            {Fact::PySyntaxErrorObject_text, ".text"},
                            {Fact::PySyntaxErrorObject_print_file_and_line, ".print_file_and_line"},
                            {Fact::PySyntaxErrorObject_metadata, "._metadata"}}));
  for (const std::string_view type :
       {"UnicodeEncodeError", "UnicodeDecodeError", "UnicodeTranslateError"}) {
    rows.push_back(exception(type, Fact::sizeof_PyUnicodeErrorObject,
                             {{Fact::PyUnicodeErrorObject_encoding, ".encoding"},
                              {Fact::PyUnicodeErrorObject_object, ".object"},
                              {Fact::PyUnicodeErrorObject_reason, ".reason"}}));
  }
  return rows;
}

}  // namespace

std::span<const Row> core_rows() {
  static const std::vector<Row> kRows = make_rows();
  return kRows;
}

}  // namespace heapglass
