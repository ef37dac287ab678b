package io.onnxfleet.configuration;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.ApplicationListener;

/** Says loudly that others than this machine reach a process that lets everybody in. */
public final class OpenDoorWarning implements ApplicationListener<ApplicationReadyEvent> {
  private static final Logger log = LoggerFactory.getLogger(OpenDoorWarning.class);
  private static final String FRAME = "*".repeat(90);

  private final BooleanSupplier isOpen;
  private final String what;

  /**
   * A warning of one process.
   *
   * @param isOpen whether it lets everybody in
   * @param what is open and what to do about it, in lines; {@code {}} stands for the address
   */
  public OpenDoorWarning(BooleanSupplier isOpen, String what) {
    this.isOpen = isOpen;
    this.what = what;
  }

  @Override
  public void onApplicationEvent(ApplicationReadyEvent event) {
    String address =
        event.getApplicationContext().getEnvironment().getProperty("server.address", "");
    if (isOpen.getAsBoolean() && !isLoopback(address)) {
      log.warn(
          "\n\n{}\n{}\n{}",
          FRAME,
          what.strip().replace("{}", address.isEmpty() ? "every address" : address),
          FRAME);
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
