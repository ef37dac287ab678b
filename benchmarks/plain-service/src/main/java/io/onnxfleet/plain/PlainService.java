package io.onnxfleet.plain;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

/**
 * The baseline. One session a model, shared by all request threads, with the settings that ONNX
 * Runtime comes with: as many threads inside a run as there are CPUs. No batching, no queue, no
 * deadline.
 */
@SpringBootApplication
class PlainService {
  public static void main(String[] arguments) {
    SpringApplication.run(PlainService.class, arguments);
  }

  /** One session a model. */
  record Models(Map<String, OrtSession> sessions) {}

  /** Every {@code <folder>/<model>/1/model.onnx}. */
  @Bean
  Models models(@Value("${plain.models}") Path folder) throws IOException, OrtException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    List<Path> folders;
    try (Stream<Path> found = Files.list(folder)) {
      folders = found.filter(model -> Files.exists(fileOf(model))).toList();
    }
    Map<String, OrtSession> sessions = new HashMap<>();
    for (Path model : folders) {
      sessions.put(
          model.getFileName().toString(), environment.createSession(fileOf(model).toString()));
    }
    return new Models(sessions);
  }

  private static Path fileOf(Path model) {
    return model.resolve("1").resolve("model.onnx");
  }
}
