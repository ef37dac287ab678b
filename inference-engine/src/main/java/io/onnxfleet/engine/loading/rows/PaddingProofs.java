package io.onnxfleet.engine.loading.rows;

import com.google.gson.Gson;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.instance.ModelInterface.Padding;
import io.onnxfleet.engine.instance.RowTerms;
import io.onnxfleet.engine.loading.rows.RowProofs.Subject;
import io.onnxfleet.engine.notes.ProofNotes;
import io.onnxfleet.engine.notes.ProofNotes.Proof;
import io.onnxfleet.engine.proof.GraphFacts;
import io.onnxfleet.engine.proof.PaddingProof;
import io.onnxfleet.engine.proof.PaddingVerdict;
import io.onnxfleet.engine.repository.config.ModelConfig;
import io.onnxfleet.engine.repository.config.SequencePadding;
import io.onnxfleet.engine.runtime.ThreadTime;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.PaddingSide;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Decides how rows of different length may share a batch: on a side that was proven, the
 * tokenizer's own first; on the side that an operator asks for, unless it was refuted; otherwise
 * not. Thread-safe.
 */
public final class PaddingProofs {
  /** CPU time for what goes beyond the essential. */
  private static final long BUDGET_NANOS = 300_000_000;

  private static final Gson GSON = new Gson();

  private final ProofNotes notes;
  private final BufferPool pool;

  public PaddingProofs(ProofNotes notes, BufferPool pool) {
    this.notes = notes;
    this.pool = pool;
  }

  /**
   * What was decided.
   *
   * @param padding null if only rows of equal length share a batch
   * @param reason one plain sentence without a full stop; empty where the model has no lengths
   */
  public record Decision(@Nullable Padding padding, String reason) {
    public static final Decision NO_LENGTHS = new Decision(null, "");
  }

  /** True if a decision needs runs of the model. */
  public static boolean isOpen(ModelConfig config, RowTerms rows) {
    return config.sequencePadding() != null && (rows.merged() || rows.isIndependent());
  }

  /** What is known, or what rows of a model show that run filled up and as they are. */
  public PaddingVerdict verdict(
      Subject subject, SequencePadding candidate, TokenizerPadding tokenizer) {
    return notes.knownOr(
        Proof.PADDING,
        subject.file().digest(),
        subject.provider(),
        PaddingProofs::read,
        GSON::toJson,
        () -> prove(subject, candidate, tokenizer));
  }

  private static Optional<PaddingVerdict> read(String text) {
    try {
      return Optional.ofNullable(GSON.fromJson(text, PaddingVerdict.class));
    } catch (RuntimeException damaged) {
      return Optional.empty();
    }
  }

  private PaddingVerdict prove(
      Subject subject, SequencePadding candidate, TokenizerPadding tokenizer) {
    return new PaddingProof(
            subject.session(),
            RowProofs.inputs(subject.model()),
            RowProofs.outputs(subject),
            new PaddingProof.Candidate(
                candidate.inputs(), SequencePadding.MASK, fills(candidate, tokenizer)),
            GraphFacts.of(subject.file().modelFile()),
            pool,
            ThreadTime.ofCaller(),
            BUDGET_NANOS)
        .prove();
  }

  private static Map<String, Long> fills(SequencePadding candidate, TokenizerPadding tokenizer) {
    return candidate.inputs().contains(SequencePadding.IDS) && tokenizer.fill().isPresent()
        ? Map.of(SequencePadding.IDS, tokenizer.fill().getAsLong())
        : Map.of();
  }

  /**
   * How rows are filled up.
   *
   * @throws InferenceException if the configuration asks for a side that was refuted
   */
  public static Decision decide(
      ModelConfig config, TokenizerPadding tokenizer, PaddingVerdict verdict) {
    SequencePadding candidate = config.sequencePadding();
    if (candidate == null) {
      return Decision.NO_LENGTHS;
    }
    boolean anyway = ServingTerms.mergesAnyway(config);
    if (candidate.side().isPresent()) {
      return asked(candidate, candidate.side().get(), tokenizer, verdict, anyway);
    }
    PaddingSide preferred = tokenizer.side().orElse(PaddingSide.RIGHT);
    PaddingSide other = preferred == PaddingSide.LEFT ? PaddingSide.RIGHT : PaddingSide.LEFT;
    for (PaddingSide side : List.of(preferred, other)) {
      if (verdict.isProven(side)) {
        return filledUp(candidate, side, verdict.outputs(), tokenizer, verdict);
      }
    }
    Optional<List<String>> outputs = outputs(candidate, verdict);
    if (anyway && outputs.isPresent()) {
      return filledUp(candidate, preferred, outputs.get(), tokenizer, verdict);
    }
    return new Decision(
        null,
        "only rows of equal length share a run: " + verdict.reason(preferred).orElse("not tried"));
  }

  private static Decision asked(
      SequencePadding candidate,
      PaddingSide side,
      TokenizerPadding tokenizer,
      PaddingVerdict verdict,
      boolean anyway) {
    if (verdict.isProven(side)) {
      return filledUp(candidate, side, verdict.outputs(), tokenizer, verdict);
    }
    String name = side.name().toLowerCase(Locale.ROOT);
    String reason = verdict.reason(side).orElse("not tried");
    if (verdict.isRefuted(side) && !anyway) {
      throw refused(
          "%s (expected auto or none: %s; parameter '%s' with the value false fills up all the same)"
              .formatted(name, reason, ServingTerms.BATCH_INVARIANT));
    }
    List<String> outputs =
        outputs(candidate, verdict)
            .orElseThrow(
                () ->
                    refused(
                        "%s (expected auto or none: nothing tells how long the outputs are, and %s)"
                            .formatted(name, reason)));
    return filledUp(candidate, side, outputs, tokenizer, verdict);
  }

  private static InferenceException refused(String problem) {
    return new InferenceException(ErrorCode.MODEL_LOAD_FAILED, "parameter 'padding': " + problem);
  }

  /** By their names, or by what runs showed. */
  private static Optional<List<String>> outputs(SequencePadding candidate, PaddingVerdict verdict) {
    return candidate.outputs().isPresent() || verdict.outputs().isEmpty()
        ? candidate.outputs()
        : Optional.of(verdict.outputs());
  }

  private static Decision filledUp(
      SequencePadding candidate,
      PaddingSide side,
      List<String> outputs,
      TokenizerPadding tokenizer,
      PaddingVerdict verdict) {
    String how = verdict.isProven(side) ? "proven" : "not proven";
    return new Decision(
        new Padding(candidate.inputs(), outputs, side, fills(candidate, tokenizer)),
        "shorter rows are filled up on the %s (%s)"
            .formatted(side.name().toLowerCase(Locale.ROOT), how));
  }
}
