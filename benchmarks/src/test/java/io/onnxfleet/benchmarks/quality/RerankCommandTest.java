package io.onnxfleet.benchmarks.quality;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.testing.model.TinyTextModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class RerankCommandTest {
  private static final String MODEL = "all-minilm-l6-v2";

  @TempDir private Path folder;

  @Test
  void rankings_areJudged_ofVectorsAndOfPairs() throws IOException {
    Path models = Files.createDirectory(folder.resolve("models"));
    Path standard =
        Path.of(System.getProperty("fleet.root", ".."), "models").toRealPath().resolve(MODEL);
    Files.createSymbolicLink(models.resolve(MODEL), standard);
    TinyTextModel.writeHub(
        models.resolve("cross"),
        TinyTextModel.ofTexts(12, 3.3f),
        "{\"architectures\":[\"BertForSequenceClassification\"],\"id2label\":{\"0\":\"r\"}}",
        standard.resolve("tokenizer.json"));
    Files.writeString(
        folder.resolve("queries.jsonl"), "{\"id\":\"1\",\"text\":\"reset the code of a card\"}\n");
    Files.writeString(
        folder.resolve("documents.jsonl"),
        """
        {"id":"a","title":"","text":"Bananas are yellow."}
        {"id":"b","title":"","text":"Choose Forgotten code in the app to reset your card's code."}
        {"id":"c","title":"","text":"It rains."}
        """);
    Files.writeString(folder.resolve("judgements.tsv"), "query\tdocument\n1\tb\n");

    assertThat(judged(models, MODEL)).contains("cosine 1.0000").contains("late interaction 1.0000");
    // The one document that the cosine leaves it is the right one.
    assertThat(judged(models, "cross", "--depth", "1"))
        .contains("NDCG@10 1.0000, before it 1.0000");
    assertThat(judged(models, "cross")).contains("before it 1.0000");
  }

  private String judged(Path models, String model, String... more) {
    StringWriter out = new StringWriter();
    CommandLine command = new CommandLine(new RerankCommand()).setOut(new PrintWriter(out));
    String[] arguments = {
      "--models", models.toString(), "--texts", folder.toString(), "--model", model
    };
    String[] all = Arrays.copyOf(arguments, arguments.length + more.length);
    System.arraycopy(more, 0, all, arguments.length, more.length);
    assertThat(command.execute(all)).isZero();
    return out.toString();
  }
}
