package io.onnxfleet.inference;

import io.onnxfleet.engine.runtime.EarlyStart;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** The process: one replica. */
@SpringBootApplication
public class InferenceService {
  public static void main(String[] arguments) {
    EarlyStart.begin();
    SpringApplication.run(InferenceService.class, arguments);
  }
}
