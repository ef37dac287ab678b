package io.onnxfleet.jobs.execution;

import org.springframework.context.SmartLifecycle;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Wires the waits that end with the process. */
@Configuration(proxyBeanMethods = false)
class PausesConfiguration {
  @Bean
  Pauses pauses() {
    return new Pauses();
  }

  /** Ends the waits before the scheduler waits for who waits. */
  @Bean
  SmartLifecycle endOfPauses(Pauses pauses) {
    return new SmartLifecycle() {
      @Override
      public void start() {}

      @Override
      public void stop() {
        pauses.stop();
      }

      @Override
      public boolean isRunning() {
        return !pauses.isStopping();
      }
    };
  }
}
