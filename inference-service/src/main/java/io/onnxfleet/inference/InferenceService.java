package io.onnxfleet.inference;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** The process: one replica. */
@SpringBootApplication
public class InferenceService {
  public static void main(String[] arguments) {
    SpringApplication.run(InferenceService.class, arguments);
  }
}
