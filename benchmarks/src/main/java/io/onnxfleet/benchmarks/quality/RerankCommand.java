package io.onnxfleet.benchmarks.quality;

import io.onnxfleet.engine.EngineOptions;
import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.text.TextEmbedder;
import io.onnxfleet.engine.text.TextModels;
import io.onnxfleet.engine.text.TextOptions;
import io.onnxfleet.engine.text.tokenization.TextInput;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code rerank}: NDCG@10 of both ways in which a model of vectors reranks, over all documents of a
 * judged collection.
 */
@Command(
    name = "rerank",
    description = "NDCG@10 of late interaction and of cosine, on judged queries.",
    sortOptions = false,
    mixinStandardHelpOptions = true)
public final class RerankCommand implements Callable<Integer> {
  private static final int AT_ONCE = 50;

  @Spec private @Nullable CommandSpec spec;

  @Option(names = "--models", required = true, description = "The folder of models.")
  private Path models = Path.of("");

  @Option(names = "--model", description = "Default: ${DEFAULT-VALUE}.")
  private String model = "all-minilm-l6-v2";

  @Option(
      names = "--texts",
      required = true,
      description = "A folder with queries.jsonl, documents.jsonl and judgements.tsv.")
  private Path texts = Path.of("");

  @Override
  public Integer call() throws IOException, InterruptedException {
    JudgedTexts judged = JudgedTexts.read(texts);
    InferenceEngine engine =
        InferenceEngine.create(EngineOptions.defaults(models), EngineMetrics.NONE);
    try {
      engine.start().join();
      try (TextModels served =
          new TextModels(
              engine::metadata,
              engine::infer,
              engine.bufferPool(),
              TextEmbedder.DEFAULT_MAX_TOKENS)) {
        report(judged, served);
      }
    } finally {
      engine.drain();
      engine.close();
    }
    return 0;
  }

  private void report(JudgedTexts judged, TextModels served) {
    List<String> queries = List.copyOf(judged.queries().keySet());
    List<AllQueriesTask.Query> asked =
        compare(served, queries.stream().map(judged.queries()::get).toList(), List.of()).stream()
            .map(AllQueriesTask.Compared::itself)
            .toList();
    List<String> documents = List.copyOf(judged.documents().keySet());
    List<AllQueriesTask.Compared> compared =
        compare(served, documents.stream().map(judged.documents()::get).toList(), asked);
    double late =
        judged.ndcgAt10(rankings(queries, documents, compared, AllQueriesTask.Compared::late));
    double cosine =
        judged.ndcgAt10(rankings(queries, documents, compared, AllQueriesTask.Compared::cosine));
    if (spec != null) {
      spec.commandLine()
          .getOut()
          .printf(
              "%s, %d queries, %d documents: NDCG@10 late interaction %.4f, cosine %.4f, ratio %.3f%n",
              model, queries.size(), documents.size(), late, cosine, late / cosine)
          .flush();
    }
  }

  private List<AllQueriesTask.Compared> compare(
      TextModels served, List<String> all, List<AllQueriesTask.Query> queries) {
    List<AllQueriesTask.Compared> compared = new ArrayList<>(all.size());
    for (int from = 0; from < all.size(); from += AT_ONCE) {
      List<TextInput> part =
          all.subList(from, Math.min(all.size(), from + AT_ONCE)).stream()
              .<TextInput>map(TextInput.Characters::new)
              .toList();
      compared.addAll(
          served
              .run(
                  new TextModels.Question(model, null, Deadline.NONE, null),
                  _ ->
                      new TextModels.Asked<>(
                          part, TextOptions.whole(0), new AllQueriesTask(queries)))
              .join());
    }
    return compared;
  }

  private static Map<String, List<String>> rankings(
      List<String> queries,
      List<String> documents,
      List<AllQueriesTask.Compared> compared,
      Function<AllQueriesTask.Compared, double[]> scores) {
    Map<String, List<String>> rankings = new HashMap<>();
    for (int query = 0; query < queries.size(); query++) {
      int number = query;
      rankings.put(
          queries.get(query),
          IntStream.range(0, documents.size())
              .boxed()
              .sorted(
                  Comparator.comparingDouble(
                          (Integer document) -> scores.apply(compared.get(document))[number])
                      .reversed())
              .limit(10)
              .map(documents::get)
              .toList());
    }
    return rankings;
  }
}
