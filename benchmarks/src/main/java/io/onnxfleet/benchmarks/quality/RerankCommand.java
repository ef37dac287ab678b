package io.onnxfleet.benchmarks.quality;

import io.onnxfleet.engine.EngineOptions;
import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.text.TextEmbedder;
import io.onnxfleet.engine.text.TextModels;
import io.onnxfleet.engine.text.TextOptions;
import io.onnxfleet.engine.text.rerank.Reranking;
import io.onnxfleet.engine.text.tokenization.TextInput;
import io.onnxfleet.engine.textsettings.ModelTask;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code rerank}: NDCG@10 of both ways in which a model of vectors reranks, over all documents of a
 * judged collection; of a cross-encoder, over the best documents by a model of vectors.
 */
@Command(
    name = "rerank",
    description = {
      "NDCG@10 on judged queries: of late interaction and of cosine, or of a cross-encoder,",
      "which ranks the best documents by a model of vectors."
    },
    sortOptions = false,
    mixinStandardHelpOptions = true)
public final class RerankCommand implements Callable<Integer> {
  private static final int AT_ONCE = 50;

  /** Documents of a ranking that count. */
  private static final int RANKED = 10;

  @Spec private @Nullable CommandSpec spec;

  @Option(names = "--models", required = true, description = "The folder of models.")
  private Path models = Path.of("");

  @Option(names = "--model", description = "Default: ${DEFAULT-VALUE}.")
  private String model = "all-minilm-l6-v2";

  @Option(
      names = "--candidates",
      description =
          "For a cross-encoder: whose best documents it ranks. Default: ${DEFAULT-VALUE}.")
  private String candidates = "all-minilm-l6-v2";

  @Option(names = "--depth", description = "How many of these. Default: ${DEFAULT-VALUE}.")
  private int depth = 50;

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
        if (served.model(model).task() == ModelTask.RERANK) {
          reportOfPairs(judged, served);
        } else {
          report(judged, served);
        }
      }
    } finally {
      engine.drain();
      engine.close();
    }
    return 0;
  }

  private void report(JudgedTexts judged, TextModels served) {
    List<String> queries = List.copyOf(judged.queries().keySet());
    List<AllQueriesTask.Query> asked = asked(served, model, judged, queries);
    List<String> documents = List.copyOf(judged.documents().keySet());
    List<AllQueriesTask.Compared> compared =
        compare(served, model, documents.stream().map(judged.documents()::get).toList(), asked);
    double together =
        judged.ndcgAt10(
            rankings(
                queries,
                documents,
                compared.stream().map(document -> lateScores(asked, document)).toList(),
                RANKED));
    double late =
        judged.ndcgAt10(
            rankings(
                queries,
                documents,
                compared.stream().map(AllQueriesTask.Compared::window).toList(),
                RANKED));
    double cosine =
        judged.ndcgAt10(
            rankings(
                queries,
                documents,
                compared.stream().map(AllQueriesTask.Compared::cosine).toList(),
                RANKED));
    if (spec != null) {
      spec.commandLine()
          .getOut()
          .printf(
              "%s, %d queries, %d documents: NDCG@10 late interaction %.4f (of all windows together %.4f), cosine %.4f, ratio %.3f%n",
              model, queries.size(), documents.size(), late, together, cosine, late / cosine)
          .flush();
    }
  }

  /** Of a model that reads query and document together, which costs too much for all of them. */
  private void reportOfPairs(JudgedTexts judged, TextModels served) {
    List<String> queries = List.copyOf(judged.queries().keySet());
    List<AllQueriesTask.Query> asked = asked(served, candidates, judged, queries);
    List<String> documents = List.copyOf(judged.documents().keySet());
    List<double[]> cosines =
        compare(served, candidates, documents.stream().map(judged.documents()::get).toList(), asked)
            .stream()
            .map(AllQueriesTask.Compared::cosine)
            .toList();
    Map<String, List<String>> before = rankings(queries, documents, cosines, depth);
    Map<String, List<String>> ranked = new HashMap<>();
    before.forEach(
        (query, found) -> {
          Reranking reranking =
              new Reranking(
                  judged.queries().getOrDefault(query, ""),
                  found.stream().map(judged.documents()::get).toList(),
                  null);
          ranked.put(
              query,
              served
                  .run(
                      new TextModels.Question(model, null, Deadline.NONE, null),
                      described ->
                          reranking.of(
                              described, new Reranking.Prompts("", ""), TextOptions.whole(0)))
                  .join()
                  .ranked()
                  .stream()
                  .limit(RANKED)
                  .map(found::get)
                  .toList());
        });
    Map<String, List<String>> best = rankings(queries, documents, cosines, RANKED);
    if (spec != null) {
      spec.commandLine()
          .getOut()
          .printf(
              "%s, %d queries, the best %d of %d documents by %s: NDCG@10 %.4f, before it %.4f%n",
              model,
              queries.size(),
              depth,
              documents.size(),
              candidates,
              judged.ndcgAt10(ranked),
              judged.ndcgAt10(best))
          .flush();
    }
  }

  private static List<AllQueriesTask.Query> asked(
      TextModels served, String model, JudgedTexts judged, List<String> queries) {
    List<String> texts = queries.stream().map(judged.queries()::get).toList();
    return compare(served, model, texts, List.of()).stream()
        .map(AllQueriesTask.Compared::itself)
        .toList();
  }

  private static List<AllQueriesTask.Compared> compare(
      TextModels served, String model, List<String> all, List<AllQueriesTask.Query> queries) {
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

  private static double[] lateScores(
      List<AllQueriesTask.Query> queries, AllQueriesTask.Compared document) {
    return IntStream.range(0, queries.size())
        .mapToDouble(query -> queries.get(query).tokens().nearness(document.late()[query]))
        .toArray();
  }

  /** The best documents of each query, by each document's scores. */
  private static Map<String, List<String>> rankings(
      List<String> queries, List<String> documents, List<double[]> scores, int most) {
    Map<String, List<String>> rankings = new HashMap<>();
    for (int query = 0; query < queries.size(); query++) {
      int number = query;
      rankings.put(
          queries.get(query),
          IntStream.range(0, documents.size())
              .boxed()
              .sorted(
                  Comparator.comparingDouble((Integer document) -> scores.get(document)[number])
                      .reversed())
              .limit(most)
              .map(documents::get)
              .toList());
    }
    return rankings;
  }
}
