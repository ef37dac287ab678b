package io.onnxfleet.benchmarks.quality;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Queries, documents, and which of these answer which.
 *
 * @param queries texts by their ids
 * @param documents texts by their ids, title and text; some are empty
 * @param relevant documents of each query
 */
record JudgedTexts(
    Map<String, String> queries, Map<String, String> documents, Map<String, Set<String>> relevant) {

  /** Reads {@code queries.jsonl}, {@code documents.jsonl} and {@code judgements.tsv}. */
  static JudgedTexts read(Path folder) throws IOException {
    Map<String, Set<String>> relevant = new HashMap<>();
    for (String line : Files.readAllLines(folder.resolve("judgements.tsv"))) {
      String[] cells = line.split("\t", -1);
      if (!cells[0].equals("query")) {
        relevant.computeIfAbsent(cells[0], _ -> new HashSet<>()).add(cells[1]);
      }
    }
    return new JudgedTexts(
        texts(folder.resolve("queries.jsonl")), texts(folder.resolve("documents.jsonl")), relevant);
  }

  private static Map<String, String> texts(Path file) throws IOException {
    Map<String, String> texts = new HashMap<>();
    for (String line : Files.readAllLines(file)) {
      JsonNode read = JsonMapper.shared().readTree(line);
      String title = read.path("title").asString("");
      String text = read.path("text").asString("");
      texts.put(
          read.get("id").asString(),
          title.isEmpty() || text.startsWith(title) ? text : title + "\n" + text);
    }
    return texts;
  }

  /** The mean over all judged queries of the normalized discounted gain of the first ten. */
  double ndcgAt10(Map<String, List<String>> rankings) {
    List<Double> gains = new ArrayList<>();
    relevant.forEach(
        (query, answers) -> {
          List<String> ranking = rankings.getOrDefault(query, List.of());
          double gain = 0;
          double ideal = 0;
          for (int place = 0; place < 10; place++) {
            double discount = Math.log(2) / Math.log(place + 2);
            gain += place < ranking.size() && answers.contains(ranking.get(place)) ? discount : 0;
            ideal += place < answers.size() ? discount : 0;
          }
          gains.add(gain / ideal);
        });
    return gains.stream().mapToDouble(Double::doubleValue).average().orElse(0);
  }
}
