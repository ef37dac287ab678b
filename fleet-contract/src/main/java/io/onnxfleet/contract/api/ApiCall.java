package io.onnxfleet.contract.api;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The table of the API's calls: the one place that says which method and path there are, who
 * answers, and what a caller needs. {@link #read} and {@link #path} are its reader and its writer.
 */
public enum ApiCall {
  SERVER_METADATA(Method.GET, Need.ANY_SCOPE, Server.WHOLE_FLEET, ApiPaths.SERVER),
  LIVE(Method.GET, Need.NOTHING, Server.WHOLE_FLEET, ApiPaths.LIVE),
  READY(Method.GET, Need.NOTHING, Server.WHOLE_FLEET, ApiPaths.READY),
  MODEL_METADATA(
      Method.GET, Need.ANY_SCOPE, Server.ONE_REPLICA, ApiPaths.MODEL, ApiPaths.MODEL_VERSION),
  MODEL_READY(
      Method.GET, Need.ANY_SCOPE, Server.ONE_REPLICA, ApiPaths.MODEL_READY, ApiPaths.VERSION_READY),
  MODEL_CONFIG(
      Method.GET,
      Need.ANY_SCOPE,
      Server.ONE_REPLICA,
      ApiPaths.MODEL_CONFIG,
      ApiPaths.VERSION_CONFIG),
  MODEL_STATISTICS(
      Method.GET,
      Need.ANY_SCOPE,
      Server.WHOLE_FLEET,
      ApiPaths.MODEL_STATISTICS,
      ApiPaths.VERSION_STATISTICS),
  ALL_STATISTICS(Method.GET, Need.ANY_SCOPE, Server.WHOLE_FLEET, ApiPaths.ALL_STATISTICS),
  INFER(Method.POST, Need.INFER, Server.ONE_REPLICA, ApiPaths.INFER, ApiPaths.VERSION_INFER),
  REPOSITORY_INDEX(Method.POST, Need.ANY_SCOPE, Server.WHOLE_FLEET, ApiPaths.REPOSITORY_INDEX),
  LOAD(Method.POST, Need.ADMIN, Server.WHOLE_FLEET, ApiPaths.LOAD),
  UNLOAD(Method.POST, Need.ADMIN, Server.WHOLE_FLEET, ApiPaths.UNLOAD),
  FAMILIES(Method.GET, Need.ANY_SCOPE, Server.GATEWAY, ApiPaths.FAMILIES),
  ROLLOUTS(Method.GET, Need.ANY_SCOPE, Server.GATEWAY, ApiPaths.ROLLOUTS),
  PUT_ROLLOUT(Method.PUT, Need.ADMIN, Server.GATEWAY, ApiPaths.ROLLOUT),
  DELETE_ROLLOUT(Method.DELETE, Need.ADMIN, Server.GATEWAY, ApiPaths.ROLLOUT),
  /** The model stands in the body. */
  EMBEDDINGS(Method.POST, Need.INFER, Server.ONE_REPLICA, ApiPaths.EMBEDDINGS),
  /** The same, asked by query parameters, so that proxies may keep it. */
  EMBEDDINGS_QUERY(Method.GET, Need.INFER, Server.GATEWAY, ApiPaths.EMBEDDINGS),
  OPENAI_MODELS(Method.GET, Need.ANY_SCOPE, Server.WHOLE_FLEET, ApiPaths.OPENAI_MODELS),
  OPENAI_MODEL(Method.GET, Need.ANY_SCOPE, Server.ONE_REPLICA, ApiPaths.OPENAI_MODEL),
  /** What a replica would tell the registry now: {@code ReplicaMetadata} as a JSON object. */
  REPLICA_SELF(Method.GET, Need.FLEET, Server.REPLICA, ApiPaths.REPLICA_SELF),
  /** The load by a model, in a header. */
  MODEL_LOAD(Method.GET, Need.FLEET, Server.REPLICA, ApiPaths.MODEL_LOAD),
  PROCESS_LIVE(Method.GET, Need.NOTHING, Server.PROCESS, ApiPaths.PROCESS_LIVE),
  PROCESS_READY(Method.GET, Need.NOTHING, Server.PROCESS, ApiPaths.PROCESS_READY);

  /** HTTP's methods that the API uses; HEAD counts as GET. */
  public enum Method {
    GET,
    POST,
    PUT,
    DELETE
  }

  private static final String MODEL = "{model}";
  private static final String VERSION = "{version}";
  private static final String HEAD = "HEAD";
  private static final Segment ROOT = new Segment();

  static {
    for (ApiCall call : values()) {
      ROOT.add(call, call.template);
      if (call.versionTemplate != null) {
        ROOT.add(call, call.versionTemplate);
      }
    }
  }

  private final Method method;
  private final Need need;
  private final Server server;
  private final String template;
  private final @Nullable String versionTemplate;

  ApiCall(Method method, Need need, Server server, String template) {
    this(method, need, server, template, null);
  }

  ApiCall(
      Method method, Need need, Server server, String template, @Nullable String versionTemplate) {
    this.method = method;
    this.need = need;
    this.server = server;
    this.template = template;
    this.versionTemplate = versionTemplate;
  }

  public Method method() {
    return method;
  }

  public Need need() {
    return need;
  }

  public Server server() {
    return server;
  }

  /** The path, with {@code {model}} where a model's name stands. */
  public String template() {
    return template;
  }

  /** The same for one version of a model, {@code {version}}; null where there is none. */
  public @Nullable String versionTemplate() {
    return versionTemplate;
  }

  /** The path of a call that is about no model. */
  public String path() {
    if (template.contains(MODEL)) {
      throw new IllegalArgumentException(this + ": no model (expected: one)");
    }
    return template;
  }

  /**
   * The path for a model.
   *
   * @param version null for whichever answers
   */
  public String path(String model, @Nullable String version) {
    String chosen = version == null ? template : versionTemplate;
    if (chosen == null || !chosen.contains(MODEL)) {
      throw new IllegalArgumentException(
          this
              + " of model '"
              + model
              + "', version "
              + version
              + " (expected: a call that has one)");
    }
    int at = chosen.indexOf(MODEL);
    String path =
        chosen.substring(0, at) + PathSegment.write(model) + chosen.substring(at + MODEL.length());
    return version == null ? path : path.replace(VERSION, PathSegment.write(version));
  }

  /**
   * What a request asks for.
   *
   * @param call that stands in the table
   * @param model that the path names, without escapes; null if the call is about none
   * @param version that the path names; null if it names none
   */
  public record Asked(ApiCall call, @Nullable String model, @Nullable String version)
      implements Reading {}

  /**
   * The path exists for other methods only.
   *
   * @param instead a call that has the path
   * @param allowed the methods of all that have it, as the header {@code Allow} lists them
   */
  public record WrongMethod(ApiCall instead, String allowed) implements Reading {}

  /** No call has the path. */
  public record UnknownPath() implements Reading {}

  /** What {@link #read} finds: a call, or why there is none. */
  public sealed interface Reading permits Asked, WrongMethod, UnknownPath {}

  private static final UnknownPath UNKNOWN = new UnknownPath();

  /**
   * Reads one request's method and path. A path is what it says literally: empty segments and dots
   * mean nothing special, so that nothing can be smuggled past the table. One slash at the end is
   * ignored.
   *
   * @param method the request's method; HEAD counts as GET
   * @param rawPath the path as it was sent, with its escapes
   */
  public static Reading read(String method, String rawPath) {
    int end =
        rawPath.length() > 1 && rawPath.charAt(rawPath.length() - 1) == '/'
            ? rawPath.length() - 1
            : rawPath.length();
    if (rawPath.isEmpty() || rawPath.charAt(0) != '/') {
      return UNKNOWN;
    }
    Places places = new Places();
    Segment last = ROOT.find(rawPath, 1, end, places);
    if (last == null) {
      return UNKNOWN;
    }
    String model = null;
    if (places.modelTo > 0) {
      model = PathSegment.read(rawPath, places.modelFrom, places.modelTo);
      if (model == null) {
        return UNKNOWN;
      }
    }
    String version = null;
    if (places.versionTo > 0) {
      version = PathSegment.read(rawPath, places.versionFrom, places.versionTo);
      if (version == null) {
        return UNKNOWN;
      }
    }
    String effective = method.equals(HEAD) ? Method.GET.name() : method;
    for (ApiCall call : last.calls) {
      if (call.method.name().equals(effective)) {
        return new Asked(call, model, version);
      }
    }
    return new WrongMethod(last.calls.get(0), last.allowed);
  }

  /** Where names stand in a path. */
  private static final class Places {
    int modelFrom;
    int modelTo;
    int versionFrom;
    int versionTo;
  }

  /** What may stand behind one segment of a path. */
  private static final class Segment {
    final List<ApiCall> calls = new ArrayList<>(2);
    String allowed = "";
    final Map<String, Segment> literals = new LinkedHashMap<>();
    String[] names = {};
    Segment[] behind = {};
    @Nullable Segment model;
    @Nullable Segment version;

    void add(ApiCall call, String template) {
      Segment at = this;
      for (String part : template.substring(1).split("/", -1)) {
        at = at.next(part);
      }
      at.calls.add(call);
      // What is there for clients first; a query by GET is for proxies.
      at.allowed = at.allowed.isEmpty() ? call.method.name() : at.allowed + ", " + call.method;
    }

    private Segment next(String part) {
      if (part.equals(MODEL)) {
        Segment next = model == null ? new Segment() : model;
        model = next;
        return next;
      }
      if (part.equals(VERSION)) {
        Segment next = version == null ? new Segment() : version;
        version = next;
        return next;
      }
      Segment next = literals.computeIfAbsent(part, any -> new Segment());
      names = literals.keySet().toArray(String[]::new);
      behind = literals.values().toArray(Segment[]::new);
      return next;
    }

    /** The last segment of the path that begins here; a literal goes before a name. */
    @Nullable Segment find(String path, int from, int end, Places places) {
      if (from > end) {
        return calls.isEmpty() ? null : this;
      }
      int slash = path.indexOf('/', from);
      int to = slash < 0 || slash > end ? end : slash;
      for (int index = 0; index < names.length; index++) {
        String name = names[index];
        if (name.length() == to - from && path.startsWith(name, from)) {
          Segment found = behind[index].find(path, to + 1, end, places);
          if (found != null) {
            return found;
          }
        }
      }
      if (model != null) {
        Segment found = model.find(path, to + 1, end, places);
        if (found != null) {
          places.modelFrom = from;
          places.modelTo = to;
        }
        return found;
      }
      if (version != null) {
        Segment found = version.find(path, to + 1, end, places);
        if (found != null) {
          places.versionFrom = from;
          places.versionTo = to;
        }
        return found;
      }
      return null;
    }
  }
}
