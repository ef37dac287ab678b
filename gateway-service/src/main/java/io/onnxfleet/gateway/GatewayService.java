package io.onnxfleet.gateway;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;

/** The gateway process. */
@SpringBootApplication
@ConfigurationPropertiesScan
public class GatewayService {

  public static void main(String[] arguments) {
    SpringApplication.run(GatewayService.class, arguments);
  }
}
