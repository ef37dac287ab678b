package io.onnxfleet.engine.proof;

import io.onnxfleet.engine.tensor.PaddingSide;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What became of rows that were filled up to a greater length, by the side that they were filled up
 * on. Immutable.
 *
 * @param outcomes of each side; a side that is missing was not tried
 * @param outputs names of the outputs that are as long as the row, and have to be cut back
 */
public record PaddingVerdict(Map<PaddingSide, Outcome> outcomes, List<String> outputs) {
  /** Nothing was tried. */
  public static final PaddingVerdict NONE = new PaddingVerdict(Map.of(), List.of());

  /**
   * Of one side.
   *
   * @param kind what was shown
   * @param reason one plain sentence, without a full stop
   */
  public record Outcome(Kind kind, String reason) {}

  /** What an experiment shows. */
  public enum Kind {
    /** Rows that were filled up were answered as they are alone. */
    PROVEN,
    /** One was answered in another way. */
    REFUTED,
    /** Nothing, neither way. */
    UNPROVEN
  }

  public PaddingVerdict {
    outcomes = Map.copyOf(outcomes);
    outputs = List.copyOf(outputs);
  }

  public boolean isProven(PaddingSide side) {
    return is(side, Kind.PROVEN);
  }

  public boolean isRefuted(PaddingSide side) {
    return is(side, Kind.REFUTED);
  }

  private boolean is(PaddingSide side, Kind kind) {
    Outcome outcome = outcomes.get(side);
    return outcome != null && outcome.kind() == kind;
  }

  /** Why a side is what it is; empty if it was not tried. */
  public Optional<String> reason(PaddingSide side) {
    return Optional.ofNullable(outcomes.get(side)).map(Outcome::reason);
  }
}
