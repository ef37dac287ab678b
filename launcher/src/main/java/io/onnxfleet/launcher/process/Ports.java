package io.onnxfleet.launcher.process;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** Ports of the loopback address, where a fleet's processes listen. */
public final class Ports {
  /** Where all of them listen. */
  public static final String HOST = "127.0.0.1";

  private static final int LONGEST_CONNECT_MILLIS = 1000;

  private Ports() {}

  /** One that nobody listens on. */
  public static int free() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** Whether somebody listens there. */
  public static boolean isTaken(int port) {
    try (Socket socket = new Socket()) {
      socket.connect(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), port), LONGEST_CONNECT_MILLIS);
      return true;
    } catch (IOException refused) {
      return false;
    }
  }
}
