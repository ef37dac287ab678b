package io.onnxfleet.gateway;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;

/** The gateway process. */
@SpringBootApplication
@ConfigurationPropertiesScan
public class GatewayService {

  /** Reactor's number of event loops, which is never below four unless it is set. */
  private static final String EVENT_LOOPS = "reactor.netty.ioWorkerCount";

  public static void main(String[] arguments) {
    if (System.getProperty(EVENT_LOOPS) == null) {
      System.setProperty(EVENT_LOOPS, Integer.toString(Runtime.getRuntime().availableProcessors()));
    }
    SpringApplication.run(GatewayService.class, arguments);
  }
}
