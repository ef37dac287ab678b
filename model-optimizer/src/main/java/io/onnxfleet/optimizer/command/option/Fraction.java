package io.onnxfleet.optimizer.command.option;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A share, written as a fraction or in percent: {@code 0.01} or {@code 1%}. */
public record Fraction(double value) {
  public static final class Converter implements ITypeConverter<Fraction> {
    @Override
    public Fraction convert(String text) {
      boolean percent = text.endsWith("%");
      try {
        double number = Double.parseDouble(percent ? text.substring(0, text.length() - 1) : text);
        double value = percent ? number / 100 : number;
        if (value >= 0 && value <= 1) {
          return new Fraction(value);
        }
      } catch (NumberFormatException _) {
        // Said below, with what was expected.
      }
      throw new TypeConversionException("'" + text + "' (expected: 0 to 1, or 0% to 100%)");
    }
  }
}
