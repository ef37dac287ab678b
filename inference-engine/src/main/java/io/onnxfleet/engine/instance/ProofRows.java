package io.onnxfleet.engine.instance;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.tensor.NamedTensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * Rows of requests that wait to be compared by the {@link LiveProof}s of all versions, and what
 * these found out so far. Copies on the heap, never more than so many bytes, {@value #MOST_SHAPES}
 * shapes and {@value #MOST_ROWS} distinct rows a shape; the oldest shapes go first. Thread-safe.
 */
public final class ProofRows {
  /** Distinct rows of one shape that a proof takes at least. */
  static final int LEAST_ROWS = 5;

  static final int MOST_ROWS = 8;
  private static final int MOST_SHAPES = 256;
  private static final long MOST_BYTES = 16_000_000;

  /** What a row takes beside its bytes. */
  private static final long OVERHEAD = 256;

  private final long mostBytes;

  @GuardedBy("this")
  private final SequencedMap<Key, List<List<KeptTensor>>> rows = new LinkedHashMap<>();

  @GuardedBy("this")
  private long bytes;

  private record Key(LiveProof owner, List<String> shape) {}

  public ProofRows() {
    this(MOST_BYTES);
  }

  ProofRows(long mostBytes) {
    this.mostBytes = mostBytes;
  }

  /**
   * Keeps a copy of a row, unless the same one is here.
   *
   * @return true if there are enough of its shape for a proof
   */
  synchronized boolean add(LiveProof owner, List<NamedTensor> row) {
    long size = OVERHEAD;
    List<String> shape = new ArrayList<>(row.size());
    for (NamedTensor input : row) {
      size += input.tensor().byteSize();
      shape.add(input.name() + input.tensor().dataType() + input.tensor().shape());
    }
    if (LEAST_ROWS * size > mostBytes) {
      return false;
    }
    Key key = new Key(owner, shape);
    List<List<KeptTensor>> alike = rows.getOrDefault(key, List.of());
    boolean isKept = alike.stream().anyMatch(kept -> isEqual(kept, row));
    if (!isKept && alike.size() < MOST_ROWS && makeRoom(key, size)) {
      alike = rows.computeIfAbsent(key, absent -> new ArrayList<>());
      alike.add(copyOf(row));
      bytes += size;
    }
    return alike.size() >= LEAST_ROWS;
  }

  private static boolean isEqual(List<KeptTensor> kept, List<NamedTensor> row) {
    for (int index = 0; index < row.size(); index++) {
      if (!kept.get(index).holds(row.get(index).tensor())) {
        return false;
      }
    }
    return true;
  }

  static List<KeptTensor> copyOf(List<NamedTensor> row) {
    return row.stream().map(input -> KeptTensor.of(input.name(), input.tensor())).toList();
  }

  @GuardedBy("this")
  private boolean makeRoom(Key key, long size) {
    boolean isNew = !rows.containsKey(key);
    while (bytes + size > mostBytes || (isNew && rows.size() >= MOST_SHAPES)) {
      Key oldest = null;
      for (Key candidate : rows.sequencedKeySet()) {
        if (!candidate.equals(key)) {
          oldest = candidate;
          break;
        }
      }
      if (oldest == null) {
        return false;
      }
      drop(oldest);
    }
    return true;
  }

  @GuardedBy("this")
  private void drop(Key key) {
    List<List<KeptTensor>> dropped = rows.remove(key);
    if (dropped != null) {
      bytes -= sizeOf(dropped);
    }
  }

  /** What rows, or the answers of runs, count for. */
  static long sizeOf(List<List<KeptTensor>> kept) {
    long size = 0;
    for (List<KeptTensor> tensors : kept) {
      size += OVERHEAD;
      for (KeptTensor tensor : tensors) {
        size += tensor.data().length;
      }
    }
    return size;
  }

  /**
   * Hands out the rows of a shape of which there are enough, and drops the owner's others. They
   * count until they are {@linkplain #release released}. Null if there are none.
   */
  synchronized @Nullable List<List<KeptTensor>> take(LiveProof owner) {
    List<List<KeptTensor>> taken = null;
    for (Key key : List.copyOf(rows.keySet())) {
      if (isOf(owner, key)) {
        List<List<KeptTensor>> alike = rows.getOrDefault(key, List.of());
        if (taken == null && alike.size() >= LEAST_ROWS) {
          taken = List.copyOf(alike);
          rows.remove(key);
        } else {
          drop(key);
        }
      }
    }
    return taken;
  }

  /** Counts what lies elsewhere; false if there is no room for it. */
  synchronized boolean reserve(long size) {
    if (bytes + size > mostBytes) {
      return false;
    }
    bytes += size;
    return true;
  }

  synchronized void release(long size) {
    bytes -= size;
  }

  synchronized void removeAll(LiveProof owner) {
    for (Key key : List.copyOf(rows.keySet())) {
      if (isOf(owner, key)) {
        drop(key);
      }
    }
  }

  synchronized long bytes() {
    return bytes;
  }

  @SuppressWarnings("ReferenceEquality") // a proof is its version's, and equal to no other
  private static boolean isOf(LiveProof owner, Key key) {
    return key.owner() == owner;
  }
}
