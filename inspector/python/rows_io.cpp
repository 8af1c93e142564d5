// Rows of what talks to the world: _io, sockets, ssl, posix, mmap, select, compression, hashes,
// codecs. The collector is shown little of it.
#include <tuple>

#include "inspector/python/rows_library.h"

namespace heapglass {

namespace {

constexpr ReferenceKind kOwned = ReferenceKind::owned;

Row whole(Row row) {
  row.own_struct = true;
  return row;
}

// Modules/_io: structs of their own each, not extensions of _IOBase's.
void add_io(std::vector<Row>& rows) {
  rows.push_back(
      {"_io._IOBase", Fact::sizeof_iobase, Shape::fixed, {{Fact::iobase_dict, ".__dict__"}}});
  rows.push_back(
      whole({"_io.FileIO", Fact::sizeof_fileio, Shape::fixed, {{Fact::fileio_dict, ".__dict__"}}}));
  rows.push_back(
      whole({"_io.BytesIO",
             Fact::sizeof_bytesio,
             Shape::bytesio,
             {{Fact::bytesio_buf, "<buffer>", kOwned, true}, {Fact::bytesio_dict, ".__dict__"}}}));
  rows.push_back({"_io._BytesIOBuffer",
                  Fact::sizeof_bytesiobuf,
                  Shape::fixed,
                  {{Fact::bytesiobuf_source, "<source>"}}});
  rows.push_back(whole({"_io.StringIO",
                        Fact::sizeof_stringio,
                        Shape::stringio,
                        {{Fact::stringio_dict, ".__dict__"},
                         {Fact::stringio_decoder, "<decoder>", kOwned, true},
                         {Fact::stringio_readnl, "<readnl>", kOwned, true},
                         {Fact::stringio_writenl, "<writenl>", kOwned, true},
                         {Fact::stringio_writer_buffer, "<buffer>", kOwned},
                         {Fact::stringio_accu_large, "<pieces>", kOwned},
                         {Fact::stringio_accu_small, "<pieces>", kOwned}}}));
  for (const std::string_view type :
       {"_io.BufferedReader", "_io.BufferedWriter", "_io.BufferedRandom"}) {
    rows.push_back(whole({type,
                          Fact::sizeof_buffered,
                          Shape::buffered,
                          {{Fact::buffered_raw, ".raw"}, {Fact::buffered_dict, ".__dict__"}}}));
  }
  rows.push_back(whole({"_io.BufferedRWPair",
                        Fact::sizeof_rwpair,
                        Shape::fixed,
                        {{Fact::rwpair_dict, ".__dict__"},
                         {Fact::rwpair_reader, "<reader>", kOwned, true},
                         {Fact::rwpair_writer, "<writer>", kOwned, true}}}));
  rows.push_back(whole({"_io.TextIOWrapper",
                        Fact::sizeof_textio,
                        Shape::fixed,
                        {{Fact::textio_buffer, ".buffer"},
                         {Fact::textio_encoding, ".encoding"},
                         {Fact::textio_encoder, "<encoder>"},
                         {Fact::textio_decoder, "<decoder>"},
                         {Fact::textio_readnl, "<readnl>"},
                         {Fact::textio_decoded_chars, "<decoded chars>"},
                         {Fact::textio_pending_bytes, "<pending bytes>"},
                         {Fact::textio_snapshot, "<snapshot>"},
                         {Fact::textio_errors, ".errors"},
                         {Fact::textio_raw, "<raw>"},
                         {Fact::textio_dict, ".__dict__"}}}));
  rows.push_back({"_io.IncrementalNewlineDecoder",
                  Fact::sizeof_nldecoder_object,
                  Shape::fixed,
                  {{Fact::nldecoder_object_decoder, "<decoder>"},
                   {Fact::nldecoder_object_errors, "<errors>"}}});
}

// Modules/_ssl.c
void add_ssl(std::vector<Row>& rows) {
  rows.push_back({"_ssl._SSLContext",
                  Fact::sizeof_PySSLContext,
                  Shape::fixed,
                  {{Fact::PySSLContext_set_sni_cb, ".sni_callback"},
                   {Fact::PySSLContext_msg_cb, "._msg_callback"},
                   {Fact::PySSLContext_keylog_filename, ".keylog_filename", kOwned}}});
  rows.push_back({"_ssl._SSLSocket",
                  Fact::sizeof_PySSLSocket,
                  Shape::fixed,
                  {{Fact::PySSLSocket_Socket, "<socket>", kOwned},
                   {Fact::PySSLSocket_ctx, ".context", kOwned},
                   {Fact::PySSLSocket_owner, "<owner>", kOwned},
                   {Fact::PySSLSocket_server_hostname, ".server_hostname", kOwned},
                   {Fact::PySSLSocket_exc, "<exception>"},
                   {Fact::PySSLSocket_exc_type, "<exc_type>"},
                   {Fact::PySSLSocket_exc_value, "<exc_value>"},
                   {Fact::PySSLSocket_exc_tb, "<exc_traceback>"}}});
  rows.push_back({"_ssl.SSLSession",
                  Fact::sizeof_PySSLSession,
                  Shape::fixed,
                  {{Fact::PySSLSession_ctx, "<context>"}}});
}

}  // namespace

std::vector<Row> io_rows() {
  std::vector<Row> rows;
  add_io(rows);
  add_ssl(rows);
  // Modules/posixmodule.c, Modules/selectmodule.c, Modules/mmapmodule.c
  rows.push_back({"posix.DirEntry",
                  Fact::sizeof_DirEntry,
                  Shape::fixed,
                  {{Fact::DirEntry_name, ".name"},
                   {Fact::DirEntry_path, ".path"},
                   {Fact::DirEntry_stat, "<stat>"},
                   {Fact::DirEntry_lstat, "<lstat>"}}});
  rows.push_back({"posix.ScandirIterator",
                  Fact::sizeof_ScandirIterator,
                  Shape::fixed,
                  {{Fact::ScandirIterator_path_object, "<path>"},
                   {Fact::ScandirIterator_path_cleanup, "<bytes path>"}}});
  rows.push_back({"select.poll",
                  Fact::sizeof_pollObject,
                  Shape::fixed,
                  {{Fact::pollObject_dict, "<registered>"}}});
  rows.push_back({"mmap.mmap", Fact::sizeof_mmap_object});
  // Modules/zlibmodule.c, Modules/_bz2module.c, Modules/_lzmamodule.c: not collectable, or show
  // their type and zdict alone.
  for (const auto& [type, unused, tail] :
       {std::tuple{"zlib.Compress", "<unused_data>", "<unconsumed_tail>"},
        std::tuple{"zlib.Decompress", ".unused_data", ".unconsumed_tail"}}) {
    rows.push_back({type,
                    Fact::sizeof_compobject,
                    Shape::fixed,
                    {{Fact::compobject_unused_data, unused, kOwned},
                     {Fact::compobject_unconsumed_tail, tail, kOwned},
                     {Fact::compobject_zdict, "<zdict>"}}});
  }
  rows.push_back({"zlib._ZlibDecompressor",
                  Fact::sizeof_ZlibDecompressor,
                  Shape::fixed,
                  {{Fact::ZlibDecompressor_unused_data, ".unused_data", kOwned},
                   {Fact::ZlibDecompressor_zdict, "<zdict>", kOwned}}});
  rows.push_back({"_bz2.BZ2Decompressor",
                  Fact::sizeof_BZ2Decompressor,
                  Shape::fixed,
                  {{Fact::BZ2Decompressor_unused_data, ".unused_data", kOwned}}});
  rows.push_back({"_lzma.LZMADecompressor",
                  Fact::sizeof_Decompressor,
                  Shape::fixed,
                  {{Fact::Decompressor_unused_data, ".unused_data", kOwned}}});
  // Modules/cjkcodecs/multibytecodec.c: errors is a small number for the three of the standard.
  rows.push_back({"_multibytecodec.MultibyteIncrementalEncoder",
                  Fact::sizeof_MultibyteIncrementalEncoderObject,
                  Shape::fixed,
                  {{Fact::MultibyteIncrementalEncoderObject_errors, ".errors"},
                   {Fact::MultibyteIncrementalEncoderObject_pending, "<pending>", kOwned}}});
  rows.push_back({"_multibytecodec.MultibyteIncrementalDecoder",
                  Fact::sizeof_MultibyteIncrementalDecoderObject,
                  Shape::fixed,
                  {{Fact::MultibyteIncrementalDecoderObject_errors, ".errors"}}});
  rows.push_back({"_multibytecodec.MultibyteStreamReader",
                  Fact::sizeof_MultibyteStreamReaderObject,
                  Shape::fixed,
                  {{Fact::MultibyteStreamReaderObject_errors, ".errors"},
                   {Fact::MultibyteStreamReaderObject_stream, ".stream"}}});
  rows.push_back({"_multibytecodec.MultibyteStreamWriter",
                  Fact::sizeof_MultibyteStreamWriterObject,
                  Shape::fixed,
                  {{Fact::MultibyteStreamWriterObject_errors, ".errors"},
                   {Fact::MultibyteStreamWriterObject_pending, "<pending>", kOwned},
                   {Fact::MultibyteStreamWriterObject_stream, ".stream"}}});
  rows.push_back({"_multibytecodec.MultibyteCodec",
                  Fact::sizeof_MultibyteCodecObject,
                  Shape::fixed,
                  {{Fact::MultibyteCodecObject_cjk_module, "<module>"}}});
  // State of C and nothing else.
  for (const std::string_view type : {"_socket.socket",
                                      "select.epoll",
                                      "_ssl.MemoryBIO",
                                      "_ssl.Certificate",
                                      "MultibyteCodec",
                                      "_bz2.BZ2Compressor",
                                      "_lzma.LZMACompressor",
                                      "_hashlib.HASH",
                                      "_hashlib.HASHXOF",
                                      "_hashlib.HMAC",
                                      "_blake2.blake2b",
                                      "_blake2.blake2s",
                                      "_md5.md5",
                                      "_sha1.sha1",
                                      "_sha256.sha224",
                                      "_sha256.sha256",
                                      "_sha512.sha384",
                                      "_sha512.sha512",
                                      "_sha2.SHA224Type",
                                      "_sha2.SHA256Type",
                                      "_sha2.SHA384Type",
                                      "_sha2.SHA512Type",
                                      "_sha3.sha3_224",
                                      "_sha3.sha3_256",
                                      "_sha3.sha3_384",
                                      "_sha3.sha3_512",
                                      "_sha3.shake_128",
                                      "_sha3.shake_256",
                                      "_random.Random",
                                      "_multiprocessing.SemLock",
                                      "_dbm.dbm",
                                      "_gdbm.gdbm",
                                      "_curses.window",
                                      "ossaudiodev.oss_audio_device",
                                      "ossaudiodev.oss_mixer_device"}) {
    rows.push_back({type, kAnySize});
  }
  return rows;
}

}  // namespace heapglass
