package io.onnxfleet.discovery.inside;

import java.net.InetAddress;
import java.net.UnknownHostException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.core.env.Environment;
import org.springframework.stereotype.Component;

/** Says loudly that others than this machine reach a registry that lets everybody in. */
@Component
final class OpenDoorWarning implements ApplicationListener<ApplicationReadyEvent> {
  private static final Logger log = LoggerFactory.getLogger(OpenDoorWarning.class);

  private final InsideProperties properties;

  OpenDoorWarning(InsideProperties properties) {
    this.properties = properties;
  }

  @Override
  public void onApplicationEvent(ApplicationReadyEvent event) {
    Environment environment = event.getApplicationContext().getEnvironment();
    String address = environment.getProperty("server.address", "");
    if (properties.read() == null && !isLoopback(address)) {
      log.warn(
          """

          ****************************************************************************************
          OPEN TO EVERYBODY: this registry listens on {} and asks nobody who they are.
          Whoever reaches it may register a false replica, which is then sent users' requests.
          Set fleet.secret (FLEET_SECRET), or fleet.secret-file, to the same value at gateways,
          replicas and registries: docs/operations.md, "The inside".
          ****************************************************************************************""",
          address.isEmpty() ? "every address" : address);
    }
  }

  private static boolean isLoopback(String address) {
    try {
      return !address.isEmpty() && InetAddress.getByName(address).isLoopbackAddress();
    } catch (UnknownHostException unknown) {
      return false;
    }
  }
}
