package io.onnxfleet.inference.source;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One bucket of an object store: answers GetObject with ranges and ListObjectsV2 by pages of three,
 * path-style, to those who sign with its key; signatures are not computed. Cuts answers off as it
 * is told.
 */
final class ObjectStore implements AutoCloseable {
  static final String KEY = "AKIDEXAMPLE";
  private static final int PAGE = 3;

  private final String bucket;
  private final HttpServer server;
  private final NavigableMap<String, byte[]> objects = new ConcurrentSkipListMap<>();
  private final List<String> ranges = new CopyOnWriteArrayList<>();
  private final AtomicInteger gets = new AtomicInteger();
  private final AtomicInteger listings = new AtomicInteger();
  private volatile Runnable onGet = () -> {};
  private volatile Runnable onList = () -> {};
  private volatile int cutAfter = Integer.MAX_VALUE;

  private ObjectStore(String bucket) throws IOException {
    this.bucket = bucket;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
  }

  static ObjectStore start(String bucket) {
    try {
      return new ObjectStore(bucket);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  URI endpoint() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  void put(String key, byte[] content) {
    objects.put(key, content);
  }

  /** What happens once an object was read. */
  void onGet(Runnable action) {
    onGet = action;
  }

  /** What happens once the bucket was listed. */
  void onList(Runnable action) {
    onList = action;
  }

  void cutAfter(int bytes) {
    cutAfter = bytes;
  }

  int gets() {
    return gets.get();
  }

  int listings() {
    return listings.get();
  }

  List<String> ranges() {
    return ranges;
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    String signed = String.valueOf(exchange.getRequestHeaders().getFirst("Authorization"));
    if (!signed.startsWith("AWS4-HMAC-SHA256 Credential=" + KEY + "/")
        || !signed.contains("/eu-central-1/s3/aws4_request")) {
      refuse(exchange, 403, "InvalidAccessKeyId");
    } else if (!path.startsWith("/" + bucket)) {
      refuse(exchange, 404, "NoSuchBucket");
    } else if (path.length() <= bucket.length() + 2) {
      list(exchange);
    } else {
      get(exchange, path.substring(bucket.length() + 2));
    }
    exchange.close();
  }

  private void get(HttpExchange exchange, String key) throws IOException {
    byte[] whole = objects.get(key);
    if (whole == null) {
      refuse(exchange, 404, "NoSuchKey");
      return;
    }
    gets.incrementAndGet();
    String wanted = exchange.getRequestHeaders().getFirst("If-Match");
    if (wanted != null && !wanted.equals(tag(whole))) {
      refuse(exchange, 412, "PreconditionFailed");
      return;
    }
    String range = exchange.getRequestHeaders().getFirst("Range");
    int from = range == null ? 0 : Integer.parseInt(range.replaceAll("[^0-9]", ""));
    if (range != null) {
      ranges.add(range);
      if (from >= whole.length) {
        refuse(exchange, 416, "InvalidRange");
        return;
      }
      exchange
          .getResponseHeaders()
          .add("Content-Range", "bytes %d-%d/%d".formatted(from, whole.length - 1, whole.length));
    }
    exchange.getResponseHeaders().add("ETag", tag(whole));
    int left = whole.length - from;
    exchange.sendResponseHeaders(range == null ? 200 : 206, left == 0 ? -1 : left);
    exchange.getResponseBody().write(whole, from, Math.min(cutAfter, left));
    exchange.getResponseBody().flush();
    onGet.run();
  }

  private void list(HttpExchange exchange) throws IOException {
    listings.incrementAndGet();
    Map<String, String> query = query(exchange.getRequestURI());
    String prefix = query.getOrDefault("prefix", "");
    String after = URLDecoder.decode(query.getOrDefault("continuation-token", ""), UTF_8);
    List<Map.Entry<String, byte[]>> left =
        objects.tailMap(after, false).entrySet().stream()
            .filter(object -> object.getKey().startsWith(prefix))
            .toList();
    StringBuilder xml =
        new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult>")
            .append("<EncodingType>url</EncodingType>");
    boolean more = left.size() > PAGE;
    for (Map.Entry<String, byte[]> object : left.subList(0, Math.min(PAGE, left.size()))) {
      xml.append("<Contents><Key>" + URLEncoder.encode(object.getKey(), UTF_8))
          .append("</Key><Size>" + object.getValue().length)
          .append("</Size><ETag>" + tag(object.getValue()) + "</ETag></Contents>");
    }
    xml.append("<IsTruncated>" + more + "</IsTruncated>");
    if (more) {
      xml.append(
          "<NextContinuationToken>"
              + URLEncoder.encode(left.get(PAGE - 1).getKey(), UTF_8)
              + "</NextContinuationToken>");
    }
    send(exchange, 200, xml.append("</ListBucketResult>").toString());
    onList.run();
  }

  private static String tag(byte[] content) {
    return '"' + Digests.of(new String(content, UTF_8)).substring(0, 32) + '"';
  }

  private static Map<String, String> query(URI uri) {
    Map<String, String> query = new HashMap<>();
    for (String pair : String.valueOf(uri.getRawQuery()).split("&", -1)) {
      String[] parts = pair.split("=", 2);
      query.put(parts[0], parts.length == 1 ? "" : URLDecoder.decode(parts[1], UTF_8));
    }
    return query;
  }

  private static void refuse(HttpExchange exchange, int status, String code) throws IOException {
    send(exchange, status, "<Error><Code>" + code + "</Code><Message>no</Message></Error>");
  }

  private static void send(HttpExchange exchange, int status, String xml) throws IOException {
    byte[] body = xml.getBytes(UTF_8);
    exchange.getResponseHeaders().add("Content-Type", "application/xml");
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
