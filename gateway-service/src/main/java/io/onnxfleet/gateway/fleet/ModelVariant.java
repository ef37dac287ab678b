package io.onnxfleet.gateway.fleet;

import java.util.concurrent.TimeUnit;

/**
 * One of the models that do a family's task.
 *
 * @param quality 0 to 1, as its owner states it
 * @param isComparable whether its vectors may stand beside those of other comparable variants
 * @param costMillis what a row alone takes, until this gateway has seen it; 0 if nobody says
 */
public record ModelVariant(
    String model, String family, double quality, boolean isComparable, double costMillis) {

  /** What the family's original counts as where its own configuration says nothing. */
  static ModelVariant original(String family) {
    return new ModelVariant(family, family, 1, false, 0);
  }

  public ModelReference reference() {
    return new ModelReference(model, null);
  }

  public long costNanos() {
    return (long) (costMillis * TimeUnit.MILLISECONDS.toNanos(1));
  }
}
