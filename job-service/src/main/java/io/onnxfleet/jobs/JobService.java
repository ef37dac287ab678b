package io.onnxfleet.jobs;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** The process that keeps files and batches and has them answered, whatever ends meanwhile. */
@SpringBootApplication
public class JobService {
  public static void main(String[] arguments) {
    SpringApplication.run(JobService.class, arguments);
  }
}
