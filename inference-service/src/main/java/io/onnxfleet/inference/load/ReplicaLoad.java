package io.onnxfleet.inference.load;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.LoadReport;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.metrics.ModelGauges;
import io.onnxfleet.engine.metrics.ModelVersionId;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Knows the load by each model and tells it in answers. Every request of a READY model gets the
 * header, refused ones included; saying it takes about a microsecond.
 *
 * <p>Thread-safe. Bounded by the models that were READY at some time.
 */
public final class ReplicaLoad implements EngineMetrics {
  private static final double NANOS_PER_SECOND = 1e9;

  private static final class Model {
    final AtomicInteger inFlight = new AtomicInteger();
    final Map<Long, ModelGauges> versions = new ConcurrentHashMap<>();
  }

  private final Map<String, Model> models = new ConcurrentHashMap<>();
  private final DoubleSupplier cpuShare;

  /**
   * No model yet.
   *
   * @param cpuShare cheap, since it is read for every answer
   */
  ReplicaLoad(DoubleSupplier cpuShare) {
    this.cpuShare = cpuShare;
  }

  @Override
  public void versionReady(ModelVersionId id, String executionProvider, ModelGauges gauges) {
    models.computeIfAbsent(id.model(), name -> new Model()).versions.put(id.version(), gauges);
  }

  @Override
  public void versionUnloaded(ModelVersionId id) {
    Model model = models.get(id.model());
    if (model != null) {
      model.versions.remove(id.version());
    }
  }

  /** Counts a request to the model, and tells the load that it met. */
  public Visit enter(String name, HttpServletRequest request, HttpServletResponse response) {
    Model model = models.get(name);
    Visit visit = new Visit(model, wantsJson(request), response);
    if (model != null) {
      visit.say(model);
      model.inFlight.incrementAndGet();
    }
    return visit;
  }

  /** What a probe is told; null where no version of the model is READY. */
  @Nullable String header(String name, HttpServletRequest request) {
    Model model = models.get(name);
    return model == null || model.versions.isEmpty() ? null : header(model, wantsJson(request));
  }

  private String header(Model model, boolean json) {
    double busy = 0;
    double queue = 0;
    for (ModelGauges gauges : model.versions.values()) {
      busy = Math.max(busy, gauges.busyShare());
      queue = Math.max(queue, gauges.queuedWorkSeconds());
    }
    LoadReport report =
        new LoadReport(
            model.inFlight.get(), (long) (queue * NANOS_PER_SECOND), busy, cpuShare.getAsDouble());
    return json ? report.asJson() : report.asText();
  }

  private static boolean wantsJson(HttpServletRequest request) {
    return LoadReport.JSON.equalsIgnoreCase(request.getHeader(HeaderNames.LOAD_METRICS_FORMAT));
  }

  /** One request's stay. Closing it twice does nothing more. */
  public final class Visit implements AutoCloseable {
    private final @Nullable Model model;
    private final boolean json;
    private final HttpServletResponse response;
    private final AtomicBoolean over = new AtomicBoolean();

    private Visit(@Nullable Model model, boolean json, HttpServletResponse response) {
      this.model = model;
      this.json = json;
      this.response = response;
    }

    /** Ends the visit and tells the load that it leaves behind. Called before the answer begins. */
    public void leave() {
      close();
      if (model != null) {
        say(model);
      }
    }

    private void say(Model visited) {
      response.setHeader(HeaderNames.LOAD_METRICS, header(visited, json));
    }

    @Override
    public void close() {
      if (model != null && over.compareAndSet(false, true)) {
        model.inFlight.decrementAndGet();
      }
    }
  }
}
