// Rows of data formats and stores: datetime, zoneinfo, decimal, re, struct, json, csv, pickle,
// ElementTree, expat, sqlite3, ctypes.
#include "inspector/python/rows_library.h"

namespace heapglass {

namespace {

constexpr ReferenceKind kOwned = ReferenceKind::owned;

// Modules/_datetimemodule.c, Modules/_zoneinfo.c, Modules/_decimal/_decimal.c
void add_numbers(std::vector<Row>& rows) {
  rows.push_back({"datetime.date", Fact::sizeof_PyDateTime_Date});
  rows.push_back({"datetime.timedelta", Fact::sizeof_PyDateTime_Delta});
  rows.push_back({"datetime.tzinfo", Fact::sizeof_PyDateTime_TZInfo});
  rows.push_back({"datetime.time", Fact::sizeof_PyDateTime_Time, Shape::time, {}});
  rows.push_back({"datetime.datetime", Fact::sizeof_PyDateTime_DateTime, Shape::datetime, {}});
  rows.push_back({"datetime.timezone",
                  Fact::sizeof_PyDateTime_TimeZone,
                  Shape::fixed,
                  {{Fact::PyDateTime_TimeZone_offset, "<offset>"},
                   {Fact::PyDateTime_TimeZone_name, "<name>"}}});
  rows.push_back({"datetime.IsoCalendarDate", Fact::sizeof_PyTupleObject});
  rows.push_back({"zoneinfo.ZoneInfo",
                  Fact::sizeof_PyZoneInfo_ZoneInfo,
                  Shape::zoneinfo,
                  {{Fact::PyZoneInfo_ZoneInfo_key, ".key", kOwned, true},
                   {Fact::PyZoneInfo_ZoneInfo_file_repr, "<file>", kOwned}}});
  rows.push_back({"decimal.Decimal", Fact::sizeof_PyDecObject, Shape::decimal, {}});
  rows.push_back(
      {"decimal.Context",
       Fact::sizeof_PyDecContextObject,
       Shape::fixed,
       {{Fact::PyDecContextObject_traps, ".traps"}, {Fact::PyDecContextObject_flags, ".flags"}}});
  rows.push_back({"decimal.ContextManager",
                  Fact::sizeof_PyDecContextManagerObject,
                  Shape::fixed,
                  {{Fact::PyDecContextManagerObject_local, "<local>"},
                   {Fact::PyDecContextManagerObject_global, "<global>"}}});
  rows.push_back({"decimal.SignalDictMixin", kAnySize});
}

// Modules/_sre, Modules/_struct.c, Modules/_json.c, Modules/_csv.c
void add_text(std::vector<Row>& rows) {
  // Up to 3.6 the module does not hide where they are made.
  for (const std::string_view type : {"re.Pattern", "_sre.SRE_Pattern"}) {
    rows.push_back({type,
                    Fact::sizeof_PatternObject,
                    Shape::fixed,
                    {{Fact::PatternObject_groupindex, ".groupindex"},
                     {Fact::PatternObject_indexgroup, "<indexgroup>"},
                     {Fact::PatternObject_pattern, ".pattern"}}});
  }
  for (const std::string_view type : {"re.Match", "_sre.SRE_Match"}) {
    rows.push_back({type,
                    Fact::sizeof_MatchObject,
                    Shape::fixed,
                    {{Fact::MatchObject_string, ".string"},
                     {Fact::MatchObject_regs, ".regs"},
                     {Fact::MatchObject_pattern, ".re"}}});
  }
  rows.push_back({"_sre.SRE_Scanner",
                  kAnySize,
                  Shape::fixed,
                  {{Fact::ScannerObject_pattern, ".pattern"},
                   {Fact::ScannerObject_state_string, "<string>", kOwned},
                   {Fact::ScannerObject_state_buffer_obj, "<buffer>", kOwned}}});
  rows.push_back({"_sre.SRE_Template",
                  Fact::TemplateObject_items,
                  Shape::re_template,
                  {{Fact::TemplateObject_literal, "<literal>"}}});
  for (const std::string_view type : {"_struct.Struct", "Struct"}) {
    rows.push_back({type,
                    Fact::sizeof_PyStructObject,
                    Shape::struct_codes,
                    {{Fact::PyStructObject_s_format, "<format>"}}});
  }
  for (const std::string_view type : {"_struct.unpack_iterator", "unpack_iterator"}) {
    rows.push_back(
        {type,
         Fact::sizeof_unpackiterobject,
         Shape::fixed,
         {{Fact::unpackiterobject_so, "<struct>"}, {Fact::unpackiterobject_buf_obj, "<buffer>"}}});
  }
  rows.push_back({"_json.Scanner",
                  Fact::sizeof__PyScannerObject,
                  Shape::fixed,
                  {{Fact::_PyScannerObject_strict, ".strict"},
                   {Fact::_PyScannerObject_object_hook, ".object_hook"},
                   {Fact::_PyScannerObject_object_pairs_hook, ".object_pairs_hook"},
                   {Fact::_PyScannerObject_array_hook, ".array_hook"},
                   {Fact::_PyScannerObject_parse_float, ".parse_float"},
                   {Fact::_PyScannerObject_parse_int, ".parse_int"},
                   {Fact::_PyScannerObject_parse_constant, ".parse_constant"},
                   {Fact::_PyScannerObject_memo, "<memo>", kOwned, true}}});
  rows.push_back({"_json.Encoder",
                  Fact::sizeof__PyEncoderObject,
                  Shape::fixed,
                  {{Fact::_PyEncoderObject_markers, ".markers"},
                   {Fact::_PyEncoderObject_defaultfn, ".default"},
                   {Fact::_PyEncoderObject_encoder, ".encoder"},
                   {Fact::_PyEncoderObject_indent, ".indent"},
                   {Fact::_PyEncoderObject_key_separator, ".key_separator"},
                   {Fact::_PyEncoderObject_item_separator, ".item_separator"}}});
  rows.push_back({"_csv.Dialect",
                  Fact::sizeof_DialectObj,
                  Shape::fixed,
                  {{Fact::DialectObj_lineterminator, ".lineterminator"}}});
  rows.push_back({"_csv.reader",
                  Fact::sizeof_ReaderObj,
                  Shape::fixed,
                  {{Fact::ReaderObj_dialect, ".dialect"},
                   {Fact::ReaderObj_input_iter, "<input>"},
                   {Fact::ReaderObj_fields, "<fields>"}}});
  rows.push_back({"_csv.writer",
                  Fact::sizeof_WriterObj,
                  Shape::fixed,
                  {{Fact::WriterObj_dialect, ".dialect"},
                   {Fact::WriterObj_write, "<write>"},
                   {Fact::WriterObj_error_obj, "<error>"}}});
}

// Modules/_pickle.c: pers_func_self is borrowed.
void add_pickle(std::vector<Row>& rows) {
  rows.push_back({"_pickle.Pickler",
                  Fact::sizeof_PicklerObject,
                  Shape::pickler,
                  {{Fact::PicklerObject_write, "<write>"},
                   {Fact::PicklerObject_pers_func, ".persistent_id"},
                   {Fact::PicklerObject_persistent_id, ".persistent_id"},
                   {Fact::PicklerObject_persistent_id_attr, ".persistent_id"},
                   {Fact::PicklerObject_dispatch_table, ".dispatch_table"},
                   {Fact::PicklerObject_fast_memo, "<fast memo>"},
                   {Fact::PicklerObject_reducer_override, ".reducer_override"},
                   {Fact::PicklerObject_buffer_callback, ".buffer_callback"},
                   {Fact::PicklerObject_output_buffer, "<output>", kOwned}}});
  rows.push_back({"_pickle.Unpickler",
                  Fact::sizeof_UnpicklerObject,
                  Shape::unpickler,
                  {{Fact::UnpicklerObject_readline, "<readline>"},
                   {Fact::UnpicklerObject_readinto, "<readinto>"},
                   {Fact::UnpicklerObject_read, "<read>"},
                   {Fact::UnpicklerObject_peek, "<peek>"},
                   {Fact::UnpicklerObject_stack, "<stack>"},
                   {Fact::UnpicklerObject_memo_dict, "<memo>"},
                   {Fact::UnpicklerObject_pers_func, ".persistent_load"},
                   {Fact::UnpicklerObject_persistent_load, ".persistent_load"},
                   {Fact::UnpicklerObject_persistent_load_attr, ".persistent_load"},
                   {Fact::UnpicklerObject_buffers, "<buffers>"},
                   {Fact::UnpicklerObject_buffer_obj, "<input>", kOwned}}});
  rows.push_back({"_pickle.Pdata", Fact::sizeof_Pdata, Shape::pickle_stack, {}});
  rows.push_back({"_pickle.PicklerMemoProxy",
                  Fact::sizeof_PicklerMemoProxyObject,
                  Shape::fixed,
                  {{Fact::PicklerMemoProxyObject_pickler, "<pickler>"}}});
  rows.push_back({"_pickle.UnpicklerMemoProxy",
                  Fact::sizeof_UnpicklerMemoProxyObject,
                  Shape::fixed,
                  {{Fact::UnpicklerMemoProxyObject_unpickler, "<unpickler>"}}});
}

// Modules/_elementtree.c, Modules/pyexpat.c
void add_xml(std::vector<Row>& rows) {
  rows.push_back({"xml.etree.ElementTree.Element",
                  Fact::sizeof_ElementObject,
                  Shape::element,
                  {{Fact::ElementObject_tag, ".tag"}}});
  for (const std::string_view type :
       {"_elementtree._element_iterator", "ElementTree._element_iterator"}) {
    rows.push_back({type,
                    Fact::sizeof_ElementIterObject,
                    Shape::element_iterator,
                    {{Fact::ElementIterObject_root_element, "<root>"},
                     {Fact::ElementIterObject_sought_tag, "<tag>"}}});
  }
  constexpr Fact kEventsShown = Fact::since_tree_builder_events_shown;
  rows.push_back(
      {"xml.etree.ElementTree.TreeBuilder",
       Fact::sizeof_TreeBuilderObject,
       Shape::fixed,
       {{Fact::TreeBuilderObject_root, "<root>"},
        {Fact::TreeBuilderObject_this, "<this>"},
        {Fact::TreeBuilderObject_last, "<last>"},
        {Fact::TreeBuilderObject_last_for_tail, "<last for tail>"},
        {Fact::TreeBuilderObject_data, "<data>"},
        {Fact::TreeBuilderObject_stack, "<stack>"},
        {Fact::TreeBuilderObject_element_factory, "<element factory>"},
        {Fact::TreeBuilderObject_comment_factory, "<comment factory>"},
        {Fact::TreeBuilderObject_pi_factory, "<pi factory>"},
        {Fact::TreeBuilderObject_events_append, "<events.append>", kOwned, false, kEventsShown},
        {Fact::TreeBuilderObject_start_event_obj, "<start event>", kOwned, false, kEventsShown},
        {Fact::TreeBuilderObject_end_event_obj, "<end event>", kOwned, false, kEventsShown},
        {Fact::TreeBuilderObject_start_ns_event_obj, "<start-ns event>", kOwned, false,
         kEventsShown},
        {Fact::TreeBuilderObject_end_ns_event_obj, "<end-ns event>", kOwned, false, kEventsShown},
        {Fact::TreeBuilderObject_comment_event_obj, "<comment event>", kOwned, false, kEventsShown},
        {Fact::TreeBuilderObject_pi_event_obj, "<pi event>", kOwned, false, kEventsShown}}});
  rows.push_back({"xml.etree.ElementTree.XMLParser",
                  Fact::sizeof_XMLParserObject,
                  Shape::fixed,
                  {{Fact::XMLParserObject_target, ".target"},
                   {Fact::XMLParserObject_entity, ".entity"},
                   {Fact::XMLParserObject_names, "<names>"},
                   {Fact::XMLParserObject_handle_start_ns, "<start_ns>"},
                   {Fact::XMLParserObject_handle_end_ns, "<end_ns>"},
                   {Fact::XMLParserObject_handle_start, "<start>"},
                   {Fact::XMLParserObject_handle_data, "<data>"},
                   {Fact::XMLParserObject_handle_end, "<end>"},
                   {Fact::XMLParserObject_handle_comment, "<comment>"},
                   {Fact::XMLParserObject_handle_pi, "<pi>"},
                   {Fact::XMLParserObject_handle_doctype, "<doctype>"},
                   {Fact::XMLParserObject_handle_close, "<close>"}}});
  rows.push_back({"pyexpat.xmlparser",
                  Fact::sizeof_xmlparseobject,
                  Shape::xml_parser,
                  {{Fact::xmlparseobject_intern, ".intern", kOwned}}});
}

// Modules/_sqlite
void add_sqlite(std::vector<Row>& rows) {
  rows.push_back({"sqlite3.Connection",
                  Fact::sizeof_pysqlite_Connection,
                  Shape::sqlite_connection,
                  {{Fact::pysqlite_Connection_statement_cache, "<statement cache>"},
                   {Fact::pysqlite_Connection_statements, "<statements>"},
                   {Fact::pysqlite_Connection_cursors, "<cursors>"},
                   {Fact::pysqlite_Connection_blobs, "<blobs>"},
                   {Fact::pysqlite_Connection_row_factory, ".row_factory"},
                   {Fact::pysqlite_Connection_text_factory, ".text_factory"},
                   {Fact::pysqlite_Connection_collations, "<collations>"},
                   {Fact::pysqlite_Connection_function_pinboard_trace_callback, "<trace>"},
                   {Fact::pysqlite_Connection_function_pinboard_progress_handler, "<progress>"},
                   {Fact::pysqlite_Connection_function_pinboard_authorizer_cb, "<authorizer>"}}});
  rows.push_back({"sqlite3.Cursor",
                  Fact::sizeof_pysqlite_Cursor,
                  Shape::fixed,
                  {{Fact::pysqlite_Cursor_connection, ".connection"},
                   {Fact::pysqlite_Cursor_description, ".description"},
                   {Fact::pysqlite_Cursor_row_cast_map, "<converters>"},
                   {Fact::pysqlite_Cursor_lastrowid, ".lastrowid"},
                   {Fact::pysqlite_Cursor_row_factory, ".row_factory"},
                   {Fact::pysqlite_Cursor_statement, "<statement>"},
                   {Fact::pysqlite_Cursor_next_row, "<next row>"}}});
  rows.push_back(
      {"sqlite3.Row",
       Fact::sizeof_pysqlite_Row,
       Shape::fixed,
       {{Fact::pysqlite_Row_data, "<data>"}, {Fact::pysqlite_Row_description, "<description>"}}});
  rows.push_back({"sqlite3.Statement",
                  Fact::sizeof_pysqlite_Statement,
                  Shape::fixed,
                  {{Fact::pysqlite_Statement_sql, "<sql>"}}});
  // Up to 3.10, Modules/_sqlite/cache.c.
  rows.push_back({"sqlite3.Cache",
                  Fact::sizeof_pysqlite_Cache,
                  Shape::sqlite_cache,
                  {{Fact::pysqlite_Cache_mapping, "<mapping>"}}});
  for (const std::string_view type : {"sqlite3.Node", "sqlite3Node"}) {
    rows.push_back({type,
                    Fact::sizeof_pysqlite_Node,
                    Shape::fixed,
                    {{Fact::pysqlite_Node_key, "<key>"}, {Fact::pysqlite_Node_data, "<data>"}}});
  }
  rows.push_back({"sqlite3.Blob",
                  Fact::sizeof_pysqlite_Blob,
                  Shape::fixed,
                  {{Fact::pysqlite_Blob_connection, "<connection>"}}});
}

// Modules/_ctypes. The types derived from _CData have its struct.
void add_ctypes(std::vector<Row>& rows) {
  rows.push_back(
      {"_ctypes._CData",
       Fact::sizeof_CDataObject,
       Shape::fixed,
       {{Fact::CDataObject_b_objects, "._objects"}, {Fact::CDataObject_b_base, "._b_base_"}}});
  for (const std::string_view type : {"_ctypes.CFuncPtr", "_ctypes.PyCFuncPtr"}) {
    rows.push_back({type,
                    Fact::sizeof_PyCFuncPtrObject,
                    Shape::fixed,
                    {{Fact::PyCFuncPtrObject_thunk, "<thunk>"},
                     {Fact::PyCFuncPtrObject_callable, "<callable>"},
                     {Fact::PyCFuncPtrObject_converters, "<converters>"},
                     {Fact::PyCFuncPtrObject_argtypes, ".argtypes"},
                     {Fact::PyCFuncPtrObject_restype, ".restype"},
                     {Fact::PyCFuncPtrObject_checker, "<checker>"},
                     {Fact::PyCFuncPtrObject_errcheck, ".errcheck"},
                     {Fact::PyCFuncPtrObject_paramflags, "<paramflags>"}}});
  }
  for (const std::string_view type : {"_ctypes.CArgObject", "CArgObject"}) {
    rows.push_back(
        {type, Fact::sizeof_PyCArgObject, Shape::fixed, {{Fact::PyCArgObject_obj, "._obj"}}});
  }
  rows.push_back({"_ctypes.CThunkObject",
                  Fact::sizeof_CThunkObject,
                  Shape::fixed,
                  {{Fact::CThunkObject_converters, "<converters>"},
                   {Fact::CThunkObject_callable, "<callable>"},
                   {Fact::CThunkObject_restype, "<restype>"}}});
  for (const std::string_view type : {"_ctypes.CField", "ctypes.CField"}) {
    rows.push_back(
        {type,
         Fact::sizeof_CFieldObject,
         Shape::fixed,
         {{Fact::CFieldObject_proto, "<type>"}, {Fact::CFieldObject_name, ".name", kOwned}}});
  }
  rows.push_back(
      {"_ctypes.DictRemover",
       Fact::sizeof_DictRemoverObject,
       Shape::fixed,
       {{Fact::DictRemoverObject_key, "<key>"}, {Fact::DictRemoverObject_dict, "<dict>"}}});
  rows.push_back({"_ctypes.StructParam_Type",
                  Fact::sizeof_StructParamObject,
                  Shape::fixed,
                  {{Fact::StructParamObject_keep, "<keep>"}}});
  // proto is told with the type whose dict it is: Shape::ctypes_type.
  rows.push_back({"StgDict",
                  Fact::sizeof_StgDictObject,
                  Shape::ctypes_dict,
                  {{Fact::StgDictObject_argtypes, "<argtypes>", kOwned},
                   {Fact::StgDictObject_converters, "<converters>", kOwned},
                   {Fact::StgDictObject_restype, "<restype>", kOwned},
                   {Fact::StgDictObject_checker, "<checker>", kOwned}}});
  // 3.13+: the metatypes' base has a StgInfo behind its types.
  rows.push_back({"_ctypes.CType_Type", kAnySize, Shape::ctypes_type, {}});
  for (const std::string_view type : {"_ctypes.PyCStructType", "_ctypes.UnionType",
                                      "_ctypes.PyCPointerType", "_ctypes.PyCFuncPtrType"}) {
    rows.push_back({type, Fact::sizeof_PyHeapTypeObject, Shape::ctypes_type, {}});
  }
  // These two have no traversal besides type's.
  for (const std::string_view type : {"_ctypes.PyCArrayType", "_ctypes.PyCSimpleType"}) {
    rows.push_back({type, Fact::sizeof_PyHeapTypeObject, Shape::ctypes_plain_type, {}});
  }
}

}  // namespace

std::vector<Row> data_rows() {
  std::vector<Row> rows;
  add_numbers(rows);
  add_text(rows);
  add_pickle(rows);
  add_xml(rows);
  add_sqlite(rows);
  add_ctypes(rows);
  return rows;
}

}  // namespace heapglass
