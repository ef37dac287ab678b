package io.onnxfleet.benchmarks.command;

import java.util.function.Function;
import picocli.CommandLine.TypeConversionException;

/** Reads the values of options. */
public final class Conversion {
  private Conversion() {}

  /** What the parser makes of the text; its refusal is told as the option's. */
  public static <T> T of(String text, Function<String, T> parser) {
    try {
      return parser.apply(text);
    } catch (IllegalArgumentException refused) {
      throw new TypeConversionException(String.valueOf(refused.getMessage()));
    }
  }
}
