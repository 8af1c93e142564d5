// Rows of builtins that are not in every program's way: memoryviews, asynchronous generators'
// parts, types and typing, and what the compiler and the runtime leave lying about.
#include "inspector/python/rows_library.h"

namespace heapglass {

namespace {

constexpr ReferenceKind kOwned = ReferenceKind::owned;
constexpr Fact kNamesShown = Fact::since_typevar_name_shown;  // python/cpython#140000

}  // namespace

std::vector<Row> builtin_rows() {
  std::vector<Row> rows = {
      // Objects/memoryobject.c, Objects/picklebufobject.c, Objects/capsule.c
      {"memoryview",
       Fact::PyMemoryViewObject_ob_array,
       Shape::fixed,
       {{Fact::PyMemoryViewObject_mbuf, "<managed buffer>"}}},
      {"managedbuffer",
       Fact::sizeof__PyManagedBufferObject,
       Shape::fixed,
       {{Fact::_PyManagedBufferObject_master_obj, "<obj>"}}},
      {"pickle.PickleBuffer",
       Fact::sizeof_PyPickleBufferObject,
       Shape::fixed,
       {{Fact::PyPickleBufferObject_view_obj, ".obj"}}},
      {"_buffer_wrapper",
       Fact::sizeof__PyBufferWrapper,
       Shape::fixed,
       {{Fact::_PyBufferWrapper_mv, "<memoryview>"}, {Fact::_PyBufferWrapper_obj, ".obj"}}},
      {"PyCapsule", kAnySize, Shape::capsule},
      // Objects/genobject.c, Objects/iterobject.c
      {"async_generator_asend",
       Fact::sizeof_PyAsyncGenASend,
       Shape::fixed,
       {{Fact::PyAsyncGenASend_ags_gen, "<generator>"},
        {Fact::PyAsyncGenASend_ags_sendval, "<value>"}}},
      {"async_generator_athrow",
       Fact::sizeof_PyAsyncGenAThrow,
       Shape::fixed,
       {{Fact::PyAsyncGenAThrow_agt_gen, "<generator>"},
        {Fact::PyAsyncGenAThrow_agt_args, "<args>"}}},
      {"async_generator_wrapped_value",
       Fact::sizeof__PyAsyncGenWrappedValue,
       Shape::fixed,
       {{Fact::_PyAsyncGenWrappedValue_agw_val, "<value>"}}},
      {"coroutine_wrapper",
       Fact::sizeof_PyCoroWrapper,
       Shape::fixed,
       {{Fact::PyCoroWrapper_cw_coroutine, "<coroutine>"}}},
      {"anext_awaitable",
       Fact::sizeof_anextawaitableobject,
       Shape::fixed,
       {{Fact::anextawaitableobject_wrapped, "<awaitable>"},
        {Fact::anextawaitableobject_default_value, "<default>"}}},
      // Objects/namespaceobject.c, Objects/genericaliasobject.c, Objects/unionobject.c
      {"types.SimpleNamespace",
       Fact::sizeof__PyNamespaceObject,
       Shape::fixed,
       {{Fact::_PyNamespaceObject_ns_dict, ".__dict__"}}},
      {"types.GenericAlias",
       Fact::sizeof_gaobject,
       Shape::fixed,
       {{Fact::gaobject_origin, ".__origin__"},
        {Fact::gaobject_args, ".__args__"},
        {Fact::gaobject_parameters, ".__parameters__"}}},
      {"types.UnionType",
       Fact::sizeof_unionobject,
       Shape::fixed,
       {{Fact::unionobject_args, ".__args__"}, {Fact::unionobject_parameters, ".__parameters__"}}},
      {"typing.Union",
       Fact::sizeof_unionobject,
       Shape::fixed,
       {{Fact::unionobject_args, ".__args__"},
        {Fact::unionobject_hashable_args, "<hashable args>"},
        {Fact::unionobject_unhashable_args, "<unhashable args>"},
        {Fact::unionobject_parameters, ".__parameters__"}}},
      // Objects/templateobject.c, Objects/interpolationobject.c
      {"string.templatelib.Template",
       Fact::sizeof_templateobject,
       Shape::fixed,
       {{Fact::templateobject_strings, ".strings"},
        {Fact::templateobject_interpolations, ".interpolations"}}},
      {"string.templatelib.Interpolation",
       Fact::sizeof_interpolationobject,
       Shape::fixed,
       {{Fact::interpolationobject_value, ".value"},
        {Fact::interpolationobject_expression, ".expression"},
        {Fact::interpolationobject_conversion, ".conversion"},
        {Fact::interpolationobject_format_spec, ".format_spec"}}},
      // Objects/typevarobject.c
      {"typing.TypeVar",
       Fact::sizeof_typevarobject,
       Shape::fixed,
       {{Fact::typevarobject_name, ".__name__", kOwned, false, kNamesShown},
        {Fact::typevarobject_bound, ".__bound__"},
        {Fact::typevarobject_evaluate_bound, "<bound>"},
        {Fact::typevarobject_constraints, ".__constraints__"},
        {Fact::typevarobject_evaluate_constraints, "<constraints>"},
        {Fact::typevarobject_default_value, ".__default__"},
        {Fact::typevarobject_evaluate_default, "<default>"}}},
      {"typing.ParamSpec",
       Fact::sizeof_paramspecobject,
       Shape::fixed,
       {{Fact::paramspecobject_name, ".__name__", kOwned, false, kNamesShown},
        {Fact::paramspecobject_bound, ".__bound__"},
        {Fact::paramspecobject_default_value, ".__default__"},
        {Fact::paramspecobject_evaluate_default, "<default>"}}},
      {"typing.TypeVarTuple",
       Fact::sizeof_typevartupleobject,
       Shape::fixed,
       {{Fact::typevartupleobject_name, ".__name__", kOwned, false, kNamesShown},
        {Fact::typevartupleobject_default_value, ".__default__"},
        {Fact::typevartupleobject_evaluate_default, "<default>"}}},
      {"typing.ParamSpecArgs",
       Fact::sizeof_paramspecattrobject,
       Shape::fixed,
       {{Fact::paramspecattrobject___origin__, ".__origin__"}}},
      {"typing.ParamSpecKwargs",
       Fact::sizeof_paramspecattrobject,
       Shape::fixed,
       {{Fact::paramspecattrobject___origin__, ".__origin__"}}},
      {"typing.TypeAliasType",
       Fact::sizeof_typealiasobject,
       Shape::fixed,
       {{Fact::typealiasobject_name, ".__name__", kOwned, false, kNamesShown},
        {Fact::typealiasobject_type_params, ".__type_params__"},
        {Fact::typealiasobject_compute_value, "<compute value>"},
        {Fact::typealiasobject_value, ".__value__"},
        {Fact::typealiasobject_module, ".__module__"}}},
      // Objects/classobject.c, Objects/frameobject.c
      {"instancemethod",
       Fact::sizeof_PyInstanceMethodObject,
       Shape::fixed,
       {{Fact::PyInstanceMethodObject_func, ".__func__"}}},
      {"FrameLocalsProxy",
       Fact::sizeof_PyFrameLocalsProxyObject,
       Shape::fixed,
       {{Fact::PyFrameLocalsProxyObject_frame, "<frame>"}}},
      // Python/symtable.c
      {"symtable entry",
       Fact::sizeof_PySTEntryObject,
       Shape::fixed,
       {{Fact::PySTEntryObject_ste_id, ".id"},
        {Fact::PySTEntryObject_ste_symbols, ".symbols"},
        {Fact::PySTEntryObject_ste_name, ".name"},
        {Fact::PySTEntryObject_ste_varnames, ".varnames"},
        {Fact::PySTEntryObject_ste_children, ".children"},
        {Fact::PySTEntryObject_ste_directives, "<directives>"},
        {Fact::PySTEntryObject_ste_mangled_names, "<mangled names>"}}},
      // Modules/_lsprof.c
      {"_lsprof.Profiler",
       Fact::sizeof_ProfilerObject,
       Shape::fixed,
       {{Fact::ProfilerObject_externalTimer, "<timer>", kOwned},
        {Fact::ProfilerObject_missing, "<missing>", kOwned}}},
      {"EncodingMap", kAnySize},
      {"InterpreterID", kAnySize},
      {"stderrprinter", kAnySize},
      {"sys.legacy_event_handler", kAnySize},
      {"unicodedata.UCD", kAnySize},
      {"_tokenize.TokenizerIter", kAnySize},
  };
  // Modules/_abc.c
  for (const std::string_view type : {"_abc._abc_data", "_abc_data"}) {
    rows.push_back({type,
                    Fact::sizeof__abc_data,
                    Shape::fixed,
                    {{Fact::_abc_data__abc_registry, "<registry>"},
                     {Fact::_abc_data__abc_cache, "<cache>"},
                     {Fact::_abc_data__abc_negative_cache, "<negative cache>"}}});
  }
  // Python/Python-ast.c
  for (const std::string_view type : {"ast.AST", "_ast.AST"}) {
    rows.push_back(
        {type, Fact::sizeof_AST_object, Shape::fixed, {{Fact::AST_object_dict, ".__dict__"}}});
  }
  return rows;
}

}  // namespace heapglass
