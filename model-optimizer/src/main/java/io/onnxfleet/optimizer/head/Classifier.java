package io.onnxfleet.optimizer.head;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.repository.ModelFolder;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.sample.labelled.LabelledSplit;
import io.onnxfleet.optimizer.sample.labelled.LabelledText;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * Makes a classifier of an embedder and labelled texts: trains the head, writes the one graph and
 * what stands beside it, and judges by what that graph answers. Not thread-safe.
 */
public final class Classifier {
  private final Embedder embedder;
  private final BiConsumer<String, Double> progress;

  /**
   * @param progress told what is being done and the share of it that is done
   */
  public Classifier(Embedder embedder, BiConsumer<String, Double> progress) {
    this.embedder = embedder;
    this.progress = progress;
  }

  /**
   * Writes it into a folder.
   *
   * @throws OptimizerException if no text that judges has a label to train on
   */
  public HeadReport make(LabelledSplit split, HeadTraining training, ModelFolder folder) {
    float[][] vectors =
        embedder.vectors(
            texts(split.training()),
            done -> progress.accept("embedding", (double) done / split.training().size()));
    HeadTraining.Trained trained = training.train(split.training(), vectors, progress);
    ClassifierFolder.write(embedder, trained.head(), folder);
    Judgement judgement = judge(split.held(), trained.head(), folder);
    if (judgement.matrix().texts() == 0) {
      throw new OptimizerException(
          "%s: none of its %d texts has a label of those to train on (expected: the same labels)"
              .formatted(split.origin(), split.held().size()));
    }
    return new HeadReport(
        embedder.folder().name(), embedder.windowLength(), split, trained, judgement);
  }

  private Judgement judge(List<LabelledText> held, Head head, ModelFolder folder) {
    try (RunnableModel written = RunnableModel.open(folder.model(), SessionSettings.DEFAULT)) {
      float[][] logits =
          embedder.answers(
              written,
              texts(held),
              done -> progress.accept("judging", (double) done / held.size()));
      return Judgement.of(head.labels(), held, logits);
    }
  }

  private static List<String> texts(List<LabelledText> texts) {
    return texts.stream().map(LabelledText::text).toList();
  }
}
