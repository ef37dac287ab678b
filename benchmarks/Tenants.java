import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Whether a greedy tenant takes another's share of a running fleet. Measures the capacity with 32 callers; then tenant 1
 * asks for 40 % of it, at a steady rate, while tenant 2 takes all it can with 300 connections from another address, with a
 * new bearer string, caller and priority in each request. Prints what tenant 1 got of what it asked for.
 *
 *   java benchmarks/Tenants.java http://127.0.0.1:8080 MODEL BODY [SECONDS [KEY1 KEY2]]
 *
 * BODY is the JSON of an infer request. With two keys both tenants come from one address.
 */
class Tenants {
  private static URI target;
  private static String body;

  public static void main(String[] arguments) throws Exception {
    target = URI.create(arguments[0] + "/v2/models/" + arguments[1] + "/infer");
    body = arguments[2];
    int seconds = arguments.length > 3 ? Integer.parseInt(arguments[3]) : 30;
    String first = arguments.length > 5 ? arguments[4] : null;
    String second = arguments.length > 5 ? arguments[5] : null;
    double capacity = 0;
    try (HttpClient client = client("127.0.0.1")) {
      AtomicInteger answered = new AtomicInteger();
      AtomicBoolean over = new AtomicBoolean();
      for (int i = 0; i < 32; i++) {
        again(client, () -> modest(first), answered, over);
      }
      Thread.sleep(10_000);
      int before = answered.get();
      Thread.sleep(10_000);
      capacity = (answered.get() - before) / 10.0;
      over.set(true);
      Thread.sleep(1000);
    }
    double asked = 0.4 * capacity;
    System.out.printf("capacity %.0f requests/s, tenant 1 asks for %.0f%n", capacity, asked);
    AtomicBoolean over = new AtomicBoolean();
    AtomicInteger greedy = new AtomicInteger();
    AtomicInteger answered = new AtomicInteger();
    AtomicInteger refused = new AtomicInteger();
    try (HttpClient two = client(second == null ? "127.0.0.2" : "127.0.0.1"); HttpClient one = client("127.0.0.1")) {
      for (int i = 0; i < 300; i++) {
        again(two, () -> stranger(second), greedy, over);
      }
      Thread.sleep(5000);
      int greedyBefore = greedy.get();
      long start = System.nanoTime();
      int sent = 0;
      while (sent < asked * seconds) {
        one.sendAsync(modest(first), BodyHandlers.discarding())
            .handle((answer, failure) ->
                (failure == null && answer.statusCode() == 200 ? answered : refused).incrementAndGet());
        sent++;
        Thread.sleep(Duration.ofNanos(Math.max(0, start + (long) (sent / asked * 1e9) - System.nanoTime())));
      }
      double took = (System.nanoTime() - start) / 1e9;
      int greedyAnswered = greedy.get() - greedyBefore;
      Thread.sleep(3000);
      over.set(true);
      System.out.printf(
          "tenant 1: %.1f %% of what it asked for (%d of %d, %d refused or failed); tenant 2: %.0f answers/s%n",
          100.0 * answered.get() / sent, answered.get(), sent, refused.get(), greedyAnswered / took);
      System.exit(answered.get() >= 0.9 * sent ? 0 : 1);
    }
  }

  private static HttpClient client(String from) throws Exception {
    return HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).localAddress(InetAddress.getByName(from)).build();
  }

  private static HttpRequest.Builder request() {
    return HttpRequest.newBuilder(target).timeout(Duration.ofSeconds(20)).POST(BodyPublishers.ofString(body));
  }

  private static HttpRequest modest(String key) {
    return (key == null ? request() : request().header("Authorization", "Bearer " + key)).build();
  }

  private static HttpRequest stranger(String key) {
    String name = Long.toHexString(ThreadLocalRandom.current().nextLong());
    return request()
        .headers("Authorization", "Bearer " + (key == null ? name : key), "Inference-Caller", name, "X-Forwarded-For",
            "10.0." + ThreadLocalRandom.current().nextInt(256) + ".1", "Inference-Priority", "1")
        .build();
  }

  /** One connection's requests, one after the other. */
  private static void again(
      HttpClient client, Supplier<HttpRequest> request, AtomicInteger answered, AtomicBoolean over) {
    if (over.get()) {
      return;
    }
    client.sendAsync(request.get(), BodyHandlers.discarding())
        .handle((answer, failure) -> failure == null ? answer.statusCode() : 0)
        .thenAcceptAsync(
            status -> {
              if (status == 200) {
                answered.incrementAndGet();
              }
              again(client, request, answered, over);
            },
            CompletableFuture.delayedExecutor(1, TimeUnit.MILLISECONDS));
  }
}
