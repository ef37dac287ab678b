package io.onnxfleet.inference.source;

import org.jspecify.annotations.Nullable;

/**
 * A file of a folder that lies elsewhere.
 *
 * @param path from that folder on
 * @param byteSize {@link #ANY_SIZE} if it is not known
 * @param sha256 in hexadecimal, or null if it is not known
 * @param tag by which its server tells its contents apart, or null
 */
record Member(String path, long byteSize, @Nullable String sha256, @Nullable String tag) {
  static final long ANY_SIZE = -1;

  boolean mayHave(long actual) {
    return byteSize == ANY_SIZE || byteSize == actual;
  }
}
