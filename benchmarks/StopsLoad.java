import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The load of {@code stops.sh}: 16 kept-alive connections, 100 requests a second in all, each
 * connection used in turn. A connection moves to the next address when it was told {@code
 * Connection: close}, or where it is refused; nothing is ever sent twice. What is not answered with
 * 200 has failed. Runs from its source until its standard input ends, then prints what it counted.
 *
 * <p>{@code java StopsLoad.java PATH BODY PORT...}
 */
public final class StopsLoad {

  private static final int CONNECTIONS = 16;
  private static final long INTERVAL_NANOS = CONNECTIONS * 1_000_000_000L / 100;
  private static final int TIMEOUT_MILLIS = 20_000;

  private static final AtomicLong SENT = new AtomicLong();
  private static final AtomicLong FAILED = new AtomicLong();
  private static final AtomicLong MOVED = new AtomicLong();
  private static volatile boolean over;

  private final int number;
  private final int[] ports;
  private final byte[] request;
  private int at;
  private Socket socket;
  private InputStream in;

  private StopsLoad(int number, int[] ports, byte[] request) {
    this.number = number;
    this.ports = ports;
    this.request = request;
    this.at = number % ports.length;
  }

  public static void main(String[] arguments) throws Exception {
    byte[] body = arguments[1].getBytes(US_ASCII);
    byte[] request =
        ("POST %s HTTP/1.1\r\nHost: fleet\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                .formatted(arguments[0], body.length, arguments[1]))
            .getBytes(US_ASCII);
    int[] ports = new int[arguments.length - 2];
    for (int i = 0; i < ports.length; i++) {
      ports[i] = Integer.parseInt(arguments[i + 2]);
    }
    List<Thread> threads = new ArrayList<>();
    for (int number = 0; number < CONNECTIONS; number++) {
      StopsLoad connection = new StopsLoad(number, ports, request);
      threads.add(Thread.ofVirtual().start(connection::run));
    }
    while (System.in.read() >= 0) {
      // Until it ends.
    }
    over = true;
    for (Thread thread : threads) {
      thread.join();
    }
    System.out.printf(
        "RESULT %d %d %d%n", SENT.get(), FAILED.get(), MOVED.get());
  }

  private void run() {
    long due = System.nanoTime() + number * (INTERVAL_NANOS / CONNECTIONS);
    while (!over) {
      long wait = due - System.nanoTime();
      if (wait > 0) {
        try {
          Thread.sleep(wait / 1_000_000, (int) (wait % 1_000_000));
        } catch (InterruptedException interrupted) {
          return;
        }
      }
      due += INTERVAL_NANOS;
      SENT.incrementAndGet();
      try {
        once();
      } catch (IOException failure) {
        FAILED.incrementAndGet();
        System.out.printf(
            "%tT.%<tL connection %d to %d: %s%n",
            System.currentTimeMillis(), number, ports[at], failure);
        leave();
      }
    }
    leave();
  }

  private void once() throws IOException {
    for (int refused = 0; socket == null; refused++) {
      Socket next = new Socket();
      try {
        next.connect(new InetSocketAddress("127.0.0.1", ports[at]), TIMEOUT_MILLIS);
        next.setTcpNoDelay(true);
        next.setSoTimeout(TIMEOUT_MILLIS);
        socket = next;
        in = new BufferedInputStream(next.getInputStream());
      } catch (ConnectException closed) {
        next.close();
        if (refused == ports.length) {
          throw closed;
        }
        move();
      }
    }
    socket.getOutputStream().write(request);
    String status = line();
    int length = -1;
    boolean chunked = false;
    boolean last = false;
    for (String header = line(); !header.isEmpty(); header = line()) {
      String lower = header.toLowerCase(Locale.ROOT);
      if (lower.startsWith("content-length:")) {
        length = Integer.parseInt(lower.substring(15).strip());
      } else if (lower.startsWith("transfer-encoding:")) {
        chunked = lower.contains("chunked");
      } else if (lower.startsWith("connection:")) {
        last = lower.contains("close");
      }
    }
    StringBuilder body = new StringBuilder();
    if (chunked) {
      for (int size = size(line()); size > 0; size = size(line())) {
        read(size, body);
        line();
      }
      line();
    } else {
      read(length, body);
    }
    if (last) {
      leave();
      move();
    }
    if (!status.startsWith("HTTP/1.1 200")) {
      throw new IOException(status + " " + body.toString().replaceAll("\\s+", " "));
    }
  }

  private void move() {
    at = (at + 1) % ports.length;
    MOVED.incrementAndGet();
  }

  private void leave() {
    if (socket != null) {
      try {
        socket.close();
      } catch (IOException ignored) {
        // It is given up either way.
      }
      socket = null;
    }
  }

  private static int size(String line) {
    return Integer.parseInt(line.strip(), 16);
  }

  private void read(int length, StringBuilder body) throws IOException {
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length) {
      throw new EOFException("after " + bytes.length + " bytes of " + length);
    }
    body.append(new String(bytes, US_ASCII));
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int next = in.read(); next != '\n'; next = in.read()) {
      if (next < 0) {
        throw new EOFException("the connection ended without an answer");
      }
      if (next != '\r') {
        line.append((char) next);
      }
    }
    return line.toString();
  }
}
