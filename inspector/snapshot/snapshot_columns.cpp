#include "inspector/snapshot/snapshot_columns.h"

#include <random>
#include <string>
#include <vector>

namespace heapglass {

namespace {

// A field of a column's values: member pointer and its array's name.
template <class T, class Field>
void write_field(const SparseColumn<T>& column, const std::string& name, Field T::*field,
                 ArchiveWriter& archive) {
  std::vector<Field> values;
  values.reserve(column.values.size());
  for (const T& value : column.values) values.push_back(value.*field);
  archive.add_array<Field>(name, values);
}
template <class T>
void write_field(const SparseColumn<T>& column, const std::string& name, bool T::*field,
                 ArchiveWriter& archive) {
  std::vector<std::uint8_t> values;
  for (const T& value : column.values) values.push_back(value.*field ? 1 : 0);
  archive.add_array<std::uint8_t>(name, values);
}

template <class T>
void write_objects(const SparseColumn<T>& column, const std::string& name, ArchiveWriter& archive) {
  archive.add_array<ObjectId>(name + "_object", column.objects);
}
template <class T>
void write_plain(const SparseColumn<T>& column, const std::string& name, ArchiveWriter& archive) {
  write_objects(column, name, archive);
  archive.add_array<T>(name, column.values);
}

template <class T>
void read_objects(ArchiveReader& archive, const std::string& name, std::size_t objects,
                  SparseColumn<T>& column) {
  for (const ObjectId id : archive.array<ObjectId>(name + "_object")) {
    const bool ascends = column.objects.empty() || id > column.objects.back();
    if (index(id) >= objects || !ascends) archive.damaged(name + " is of no objects");
    column.objects.push_back(id);
  }
  column.values.resize(column.objects.size());
}
template <class Stored, class T, class Put>
void read_values(ArchiveReader& archive, const std::string& name, SparseColumn<T>& column,
                 Put put) {
  const auto values = archive.array<Stored>(name);
  if (values.size() != column.values.size()) archive.damaged(name + " is of another length");
  for (std::size_t i = 0; i < values.size(); ++i) put(column.values[i], values[i]);
}
template <class T, class Field>
void read_field(ArchiveReader& archive, const std::string& name, Field T::*field,
                SparseColumn<T>& column) {
  using Stored = std::conditional_t<std::is_same_v<Field, bool>, std::uint8_t, Field>;
  read_values<Stored>(archive, name, column,
                      [&](T& value, Stored stored) { value.*field = static_cast<Field>(stored); });
}
template <class T>
void read_plain(ArchiveReader& archive, const std::string& name, std::size_t objects,
                SparseColumn<T>& column) {
  read_objects(archive, name, objects, column);
  read_values<T>(archive, name, column, [](T& value, T stored) { value = stored; });
}

// Each field of each column once, for both directions.
template <class AColumns, class Objects, class Field>
void each_field(AColumns& columns, Objects objects, Field field) {
  objects(columns.extent, "extent");
  field(columns.extent, "extent_length", &Extent::length);
  field(columns.extent, "extent_capacity", &Extent::capacity);
  objects(columns.lru, "lru");
  field(columns.lru, "lru_hits", &LruCache::hits);
  field(columns.lru, "lru_misses", &LruCache::misses);
  field(columns.lru, "lru_maxsize", &LruCache::maxsize);
  field(columns.lru, "lru_length", &LruCache::length);
  objects(columns.lock, "lock");
  field(columns.lock, "lock_locked", &Lock::locked);
  field(columns.lock, "lock_reentrant", &Lock::reentrant);
  field(columns.lock, "lock_owner", &Lock::owner);
  field(columns.lock, "lock_count", &Lock::count);
}

// splitmix64 (Steele, Lea, Flood 2014): a bijection, so what differed differs.
std::uint64_t mixed(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
  value = (value ^ value >> 27) * 0x94d049bb133111eb;
  return value ^ value >> 31;
}

std::vector<std::uint64_t> salted(const std::vector<std::uint64_t>& hashes) {
  std::random_device random;
  const auto draw = [&] { return std::uint64_t{random()} << 32 | random(); };
  const std::uint64_t before = draw(), after = draw();
  std::vector<std::uint64_t> result;
  result.reserve(hashes.size());
  for (const std::uint64_t hash : hashes) result.push_back(mixed(mixed(hash ^ before) + after));
  return result;
}

}  // namespace

void write_columns(const Columns& columns, ArchiveWriter& archive) {
  each_field(
      columns, [&](const auto& column, const char* name) { write_objects(column, name, archive); },
      [&](const auto& column, const char* name, auto field) {
        write_field(column, name, field, archive);
      });
  write_plain(columns.fd, "fd", archive);
  write_plain(columns.line, "line", archive);
  write_plain(columns.future, "future", archive);
  write_plain(columns.generation, "generation", archive);
  write_objects(columns.content_hash, "content_hash", archive);
  archive.add_array<std::uint64_t>("content_hash", salted(columns.content_hash.values));
}

Columns read_columns(ArchiveReader& archive, std::size_t objects) {
  Columns columns;
  each_field(
      columns,
      [&](auto& column, const char* name) { read_objects(archive, name, objects, column); },
      [&](auto& column, const char* name, auto field) {
        read_field(archive, name, field, column);
      });
  read_plain(archive, "fd", objects, columns.fd);
  read_plain(archive, "line", objects, columns.line);
  read_plain(archive, "future", objects, columns.future);
  for (const FutureState state : columns.future.values) {
    if (state > FutureState::finished) archive.damaged("a future is in no state");
  }
  read_plain(archive, "generation", objects, columns.generation);
  for (const std::uint8_t generation : columns.generation.values) {
    if (generation > 1) archive.damaged("a generation is none of the young");
  }
  read_plain(archive, "content_hash", objects, columns.content_hash);
  return columns;
}

}  // namespace heapglass
