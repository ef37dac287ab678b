package io.onnxfleet.jobs.file;

import java.util.regex.Pattern;

/**
 * A file as its owner knows it.
 *
 * @param id as {@link ListedIds} makes it, of {@value #PREFIX}
 * @param filename as it was uploaded; never part of a path
 * @param size in bytes
 * @param createdAt in seconds since the epoch
 */
public record StoredFile(
    String id, String owner, String purpose, String filename, long size, long createdAt) {

  /** What a batch reads. */
  public static final String INPUT = "batch";

  /** What a batch leaves. */
  public static final String OUTPUT = "batch_output";

  /** What an id begins with. */
  public static final String PREFIX = "file-";

  private static final Pattern NAME = Pattern.compile("[!-~]{1,64}");

  /** Whether it could be an id or a purpose: a database need not take any other text. */
  public static boolean isName(String text) {
    return NAME.matcher(text).matches();
  }
}
