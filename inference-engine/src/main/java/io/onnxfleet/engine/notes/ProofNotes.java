package io.onnxfleet.engine.notes;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.proof.PaddingProof;
import io.onnxfleet.engine.proof.RowProof;
import io.onnxfleet.engine.repository.ContentDigest;
import io.onnxfleet.engine.runtime.Processor;
import io.onnxfleet.engine.runtime.ThreadPriorities;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * What proofs found out about models, as texts. One holds for one content of all files, the
 * configuration included, one version of the runtime and of the proof, one provider and one kind of
 * processor. Thread-safe.
 */
public final class ProofNotes {
  /** What is proven. */
  public enum Proof {
    ROWS(RowProof.VERSION),
    PADDING(PaddingProof.VERSION);

    private final int version;

    Proof(int version) {
      this.version = version;
    }
  }

  private final ModelNotes notes;
  private final String runtime;
  private final boolean apart;

  /**
   * Proofs by one version of the runtime.
   *
   * @param apart true in a process that does nothing else; otherwise proofs give way to requests
   */
  public ProofNotes(ModelNotes notes, String runtime, boolean apart) {
    this.notes = notes;
    this.runtime = runtime;
    this.apart = apart;
  }

  public Optional<String> read(Proof proof, ContentDigest content, String provider) {
    return notes.read(content.version(), name(proof, provider));
  }

  public void write(Proof proof, ContentDigest content, String provider, String text) {
    notes.write(content.version(), name(proof, provider), text);
  }

  /** All that is known of a content on a provider, for another process. */
  public Map<Proof, String> readAll(ContentDigest content, String provider) {
    Map<Proof, String> texts = new EnumMap<>(Proof.class);
    for (Proof proof : Proof.values()) {
      read(proof, content, provider).ifPresent(text -> texts.put(proof, text));
    }
    return texts;
  }

  /** Notes what another process found out. */
  public void writeAll(ContentDigest content, String provider, Map<Proof, String> texts) {
    texts.forEach((proof, text) -> write(proof, content, provider, text));
  }

  /**
   * What is known, or what a proof finds out now, which is then noted.
   *
   * @param reader empty of a text that it cannot read
   */
  public <T> T knownOr(
      Proof proof,
      ContentDigest content,
      String provider,
      Function<String, Optional<T>> reader,
      Function<T, String> writer,
      Supplier<T> task) {
    Optional<T> known = read(proof, content, provider).flatMap(reader);
    if (known.isPresent()) {
      return known.get();
    }
    T found = apart ? task.get() : givingWay(task);
    write(proof, content, provider, writer.apply(found));
    return found;
  }

  private String name(Proof proof, String provider) {
    return "%s %d, ONNX Runtime %s, %s, %s"
        .formatted(
            proof.name().toLowerCase(Locale.ROOT),
            proof.version,
            runtime,
            provider,
            Processor.id());
  }

  /** On a thread that the system runs when others have nothing to do. */
  private static <T> T givingWay(Supplier<T> task) {
    CompletableFuture<T> done = new CompletableFuture<>();
    Thread thread =
        Thread.ofPlatform()
            .name("model-proof")
            .daemon()
            .start(
                () -> {
                  ThreadPriorities.lowerCurrent();
                  try {
                    done.complete(task.get());
                  } catch (Throwable failure) {
                    done.completeExceptionally(failure);
                  }
                });
    try {
      return done.join();
    } catch (CompletionException failure) {
      if (failure.getCause() instanceof InferenceException known) {
        throw known;
      }
      throw new IllegalStateException(thread.getName() + " failed", failure.getCause());
    }
  }
}
