package io.onnxfleet.gateway;

import io.onnxfleet.gateway.security.credential.KeyCommand;
import java.util.Arrays;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;

/** The gateway process. */
@SpringBootApplication
@ConfigurationPropertiesScan
public class GatewayService {

  /** Reactor's number of event loops, which is never below four unless it is set. */
  private static final String EVENT_LOOPS = "reactor.netty.ioWorkerCount";

  /**
   * Those that accept connections and do nothing else; none unless it is set. An event loop that is
   * busy with the connections that it has does not come to accepting others, so that whoever had
   * many would keep everybody else out.
   */
  private static final String ACCEPTORS = "reactor.netty.ioSelectCount";

  private static final String KEY = "key";

  /** Runs the gateway or, told {@code key NAME ...}, makes a key for one. */
  public static void main(String[] arguments) {
    if (arguments.length > 0 && arguments[0].equals(KEY)) {
      System.exit(
          KeyCommand.run(
              Arrays.asList(arguments).subList(1, arguments.length), System.out, System.err));
    }
    setUnlessGiven(EVENT_LOOPS, Runtime.getRuntime().availableProcessors());
    setUnlessGiven(ACCEPTORS, 1);
    SpringApplication.run(GatewayService.class, arguments);
  }

  private static void setUnlessGiven(String property, int value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, Integer.toString(value));
    }
  }
}
