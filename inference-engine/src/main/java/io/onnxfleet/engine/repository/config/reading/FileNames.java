package io.onnxfleet.engine.repository.config.reading;

import java.util.regex.Pattern;

/** Names of files that a configuration may point to: plain ones, inside the model's folder. */
final class FileNames {
  private static final Pattern PLAIN = Pattern.compile("[^/\\\\\\p{Cntrl}]{1,255}");

  private FileNames() {}

  static String checked(String field, String name) {
    if (!PLAIN.matcher(name).matches() || name.equals(".") || name.equals("..")) {
      throw ConfigFailure.invalid("%s: '%s' (expected a file's plain name)", field, name);
    }
    return name;
  }
}
