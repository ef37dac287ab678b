package io.onnxfleet.launcher.fleet;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.launcher.process.HttpProbe;
import io.onnxfleet.launcher.process.Ports;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** What the processes of a fleet say of themselves. */
public final class FleetHealth {
  /** What a checkout's own models folder serves. */
  public static final String DEFAULT_MODEL = "all-minilm-l6-v2";

  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final String REGISTRY_HEALTH = "/actuator/health";
  private static final String METRICS = "/actuator/prometheus";
  private static final Pattern KNOWN =
      Pattern.compile("(?m)^fleet_gateway_replicas\\{.*state=\"registered\".*} (\\d+)(\\.\\d+)?$");
  private static final Pattern FIRST_NAME = Pattern.compile("^[^\"]*\"name\":\"([^\"]*)\"");

  private final Fleet fleet;
  private final FleetSettings settings;
  private final GatewayCredentials credentials;
  private final HttpProbe open;
  private final HttpProbe inside;

  public FleetHealth(Fleet fleet, FleetSettings settings) throws IOException {
    this.fleet = fleet;
    this.settings = settings;
    this.credentials = new GatewayCredentials(fleet.folder());
    this.open = new HttpProbe(null, TIMEOUT);
    this.inside = new HttpProbe(settings.tls() ? authority(fleet.folder()) : null, TIMEOUT);
  }

  public boolean isReady(Service service) throws IOException, InterruptedException {
    OptionalInt port = fleet.port(service);
    if (port.isEmpty()) {
      return false;
    }
    boolean secure = settings.tls() && !service.equals(Service.GATEWAY);
    URI uri = uri(secure ? "https" : "http", port.getAsInt(), readiness(service));
    return (secure ? inside : open).get(uri).isOk();
  }

  private static String readiness(Service service) {
    if (service.equals(Service.REGISTRY)) {
      return REGISTRY_HEALTH;
    }
    return service.equals(Service.JOBS) ? ApiPaths.PROCESS_READY : ApiPaths.READY;
  }

  /** How many the gateway knows, which is a moment later than the registry does. */
  public int knownReplicas() throws IOException, InterruptedException {
    Matcher known = KNOWN.matcher(open.get(gateway(METRICS), credentials.headers()).body());
    return known.find() ? Integer.parseInt(known.group(1)) : 0;
  }

  /** Whether the gateway answers calls. */
  public boolean serves() throws IOException, InterruptedException {
    if (servesDefaults()) {
      URI uri = gateway(ApiCall.MODEL_READY.path(DEFAULT_MODEL, null));
      return open.get(uri, credentials.headers()).isOk();
    }
    return open.get(gateway(ApiPaths.READY)).isOk();
  }

  /** Whether calls about jobs get an answer of the job service, by the gateway. */
  public boolean servesJobs() throws IOException, InterruptedException {
    int status = open.get(gateway(ApiPaths.BATCHES + "?limit=1"), credentials.headers()).status();
    return status != 0 && status < HttpURLConnection.HTTP_INTERNAL_ERROR;
  }

  public boolean servesDefaults() {
    return settings.models().equals(fleet.folder().models());
  }

  /** Of the models that serve, or nothing. */
  public @Nullable String firstModel() throws IOException, InterruptedException {
    HttpProbe.Answer index =
        open.post(gateway(ApiPaths.REPOSITORY_INDEX), "{\"ready\": true}", credentials.headers());
    Matcher name = FIRST_NAME.matcher(index.body());
    return index.isOk() && name.find() ? name.group(1) : null;
  }

  /** Where callers read of a model. */
  public URI model(@Nullable String model) {
    return gateway(ApiCall.MODEL_METADATA.path(model == null ? "" : model, null));
  }

  /** Whether the gateway asks its callers for keys. */
  public boolean asksForKeys() {
    return credentials.areNeeded();
  }

  /** Where callers reach that path. */
  public URI gateway(String path) {
    return uri("http", settings.gatewayPort(), path);
  }

  private static URI uri(String scheme, int port, String path) {
    return URI.create(scheme + "://" + Ports.HOST + ":" + port + path);
  }

  private static SSLContext authority(FleetFolder folder) throws IOException {
    try (InputStream in =
        new FileInputStream(folder.certificates().resolve("gateway-service/ca.crt").toFile())) {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      int number = 0;
      for (Certificate certificate :
          CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        store.setCertificateEntry("authority-" + number++, certificate);
      }
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(store);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException("the authority of the fleet's certificates: " + e.getMessage(), e);
    }
  }
}
