package io.onnxfleet.jobs.job;

import java.util.Map;
import java.util.TreeMap;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** Headers as the database has them: one JSON object, in the order of their names. Stateless. */
public final class JobHeaders {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final TypeReference<TreeMap<String, String>> TYPE = new TypeReference<>() {};

  private JobHeaders() {}

  public static String write(Map<String, String> headers) {
    return JSON.writeValueAsString(new TreeMap<>(headers));
  }

  public static Map<String, String> read(String written) {
    return JSON.readValue(written, TYPE);
  }
}
