package io.onnxfleet.engine.textsettings;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * How one vector is made of the vectors of a text's tokens. Where several are asked for, their
 * vectors are joined in the order of these constants, as sentence-transformers does.
 */
public enum PoolingMode {
  /** The first token's. */
  CLS("cls", "pooling_mode_cls_token"),

  /** In each dimension the largest. */
  MAX("max", "pooling_mode_max_tokens"),

  /** The mean over all tokens, special ones included. */
  MEAN("mean", "pooling_mode_mean_tokens"),

  /** The sum over the square root of their number. */
  MEAN_SQRT_LEN("mean_sqrt_len", "pooling_mode_mean_sqrt_len_tokens"),

  /** The mean in which the n-th token weighs n. */
  WEIGHTED_MEAN("weightedmean", "pooling_mode_weightedmean_tokens"),

  /** The last token's that is not padding. */
  LAST_TOKEN("lasttoken", "pooling_mode_lasttoken");

  private static final String JOINT = "+";
  private static final String LONG_NAME_END = "_tokens";

  private final String label;
  private final String flag;

  PoolingMode(String label, String flag) {
    this.label = label;
    this.flag = flag;
  }

  /** Its name in a model's parameters. */
  public String label() {
    return label;
  }

  /** Its name in a file {@code 1_Pooling/config.json}. */
  String flag() {
    return flag;
  }

  /** Modes as one name, such as {@code cls+mean}. */
  public static String name(List<PoolingMode> modes) {
    return modes.stream().map(PoolingMode::label).collect(Collectors.joining(JOINT));
  }

  /** The modes of such a name, in order; empty if it is none. */
  static List<PoolingMode> parse(String name) {
    Set<PoolingMode> modes = EnumSet.noneOf(PoolingMode.class);
    for (String part : name.strip().split("\\+", -1)) {
      String wanted =
          part.endsWith(LONG_NAME_END)
              ? part.substring(0, part.length() - LONG_NAME_END.length())
              : part;
      PoolingMode found =
          Arrays.stream(values())
              .filter(mode -> mode.label.equals(wanted.strip()))
              .findFirst()
              .orElse(null);
      if (found == null || !modes.add(found)) {
        return List.of();
      }
    }
    return Collections.unmodifiableList(new ArrayList<>(modes));
  }

  /** The names that are known, for messages. */
  static List<String> labels() {
    return Arrays.stream(values()).map(PoolingMode::label).toList();
  }
}
