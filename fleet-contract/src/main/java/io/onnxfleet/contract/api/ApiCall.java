package io.onnxfleet.contract.api;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The table of the API's calls: the one place that says which method and path there are, who
 * answers, how a model that stands in the body is chosen, and what a caller needs. {@link #read}
 * and {@link #path} are its reader and its writer.
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
  /** Vectors of texts. */
  EMBEDDINGS(ModelInBody.COMPARABLE_VARIANT, ApiPaths.EMBEDDINGS),
  /** The same, asked by query parameters, so that proxies may keep it. */
  EMBEDDINGS_QUERY(Method.GET, Need.INFER, Server.GATEWAY, ApiPaths.EMBEDDINGS),
  /** How relevant documents are to a query. */
  RERANK(ModelInBody.ANY_VARIANT, ApiPaths.RERANK),
  /** The same in the second form of Cohere's. */
  RERANK_V2(ModelInBody.ANY_VARIANT, ApiPaths.RERANK_V2),
  /** Which labels texts have. */
  CLASSIFY(ModelInBody.ANY_VARIANT, ApiPaths.CLASSIFY),
  /** Which entities texts name. */
  TOKEN_CLASSIFY(ModelInBody.ANY_VARIANT, ApiPaths.TOKEN_CLASSIFY),
  /** How alike one text is to others. */
  SIMILARITY(ModelInBody.COMPARABLE_VARIANT, ApiPaths.SIMILARITY),
  TOKENIZE(ModelInBody.COMPARABLE_VARIANT, ApiPaths.TOKENIZE),
  DETOKENIZE(ModelInBody.COMPARABLE_VARIANT, ApiPaths.DETOKENIZE),
  OPENAI_MODELS(Method.GET, Need.ANY_SCOPE, Server.WHOLE_FLEET, ApiPaths.OPENAI_MODELS),
  OPENAI_MODEL(Method.GET, Need.ANY_SCOPE, Server.ONE_REPLICA, ApiPaths.OPENAI_MODEL),
  /** Multipart: what stands in the file is streamed to where files are kept. */
  CREATE_FILE(Method.POST, Need.JOBS, Server.JOB_SERVICE, ApiPaths.FILES),
  FILES(Method.GET, Need.JOBS, Server.JOB_SERVICE, ApiPaths.FILES),
  FILE(Method.GET, Need.JOBS, Server.JOB_SERVICE, ApiPaths.FILE),
  DELETE_FILE(Method.DELETE, Need.JOBS, Server.JOB_SERVICE, ApiPaths.FILE),
  FILE_CONTENT(Method.GET, Need.JOBS, Server.JOB_SERVICE, ApiPaths.FILE_CONTENT),
  CREATE_BATCH(Method.POST, Need.JOBS, Server.JOB_SERVICE, ApiPaths.BATCHES),
  BATCHES(Method.GET, Need.JOBS, Server.JOB_SERVICE, ApiPaths.BATCHES),
  BATCH(Method.GET, Need.JOBS, Server.JOB_SERVICE, ApiPaths.BATCH),
  CANCEL_BATCH(Method.POST, Need.JOBS, Server.JOB_SERVICE, ApiPaths.CANCEL_BATCH),
  /** A request that can wait: its path is the query's {@link ApiPaths#JOB_CALL}. */
  CREATE_JOB(Method.POST, Need.FLEET, Server.JOB_SERVICE, ApiPaths.JOBS),
  JOB(Method.GET, Need.JOBS, Server.JOB_SERVICE, ApiPaths.JOB),
  CANCEL_JOB(Method.DELETE, Need.JOBS, Server.JOB_SERVICE, ApiPaths.JOB),
  JOB_RESULT(Method.GET, Need.JOBS, Server.JOB_SERVICE, ApiPaths.JOB_RESULT),
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

  /** Of a file, a batch or a job: stands where a model's name could. */
  private static final String ID = "{id}";

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
  private final ModelInBody modelInBody;
  private final String template;
  private final @Nullable String versionTemplate;

  /** Runs a model that the body names, at one replica. */
  ApiCall(ModelInBody modelInBody, String template) {
    this(Method.POST, Need.INFER, Server.ONE_REPLICA, modelInBody, template, null);
  }

  ApiCall(Method method, Need need, Server server, String template) {
    this(method, need, server, ModelInBody.NONE, template, null);
  }

  ApiCall(Method method, Need need, Server server, String template, String versionTemplate) {
    this(method, need, server, ModelInBody.NONE, template, versionTemplate);
  }

  ApiCall(
      Method method,
      Need need,
      Server server,
      ModelInBody modelInBody,
      String template,
      @Nullable String versionTemplate) {
    this.method = method;
    this.need = need;
    this.server = server;
    this.modelInBody = modelInBody;
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

  /** Whether a gateway's callers may ask for it. */
  public boolean isOffered() {
    return need != Need.FLEET && server != Server.PROCESS;
  }

  /** Whether the body names the model, and which variant of a family then answers. */
  public ModelInBody modelInBody() {
    return modelInBody;
  }

  /**
   * The path, with {@code {model}} where a model's name stands, {@code {id}} where another does.
   */
  public String template() {
    return template;
  }

  /** The same for one version of a model, {@code {version}}; null where there is none. */
  public @Nullable String versionTemplate() {
    return versionTemplate;
  }

  /** Whether the path names a model. Otherwise the body or the query may. */
  public boolean namesModel() {
    return template.contains(MODEL);
  }

  /** The path of a call that is about no model, and nothing else with a name. */
  public String path() {
    if (namesModel() || template.contains(ID)) {
      throw new IllegalArgumentException(this + ": no model (expected: one)");
    }
    return template;
  }

  /**
   * The path for a model, or for a file, a batch or a job.
   *
   * @param version null for whichever answers
   */
  public String path(String model, @Nullable String version) {
    String chosen = version == null ? template : versionTemplate;
    String place = template.contains(ID) ? ID : MODEL;
    if (chosen == null || !chosen.contains(place)) {
      throw new IllegalArgumentException(
          this
              + " of model '"
              + model
              + "', version "
              + version
              + " (expected: a call that has one)");
    }
    int at = chosen.indexOf(place);
    String path =
        chosen.substring(0, at) + PathSegment.write(model) + chosen.substring(at + place.length());
    return version == null ? path : path.replace(VERSION, PathSegment.write(version));
  }

  /**
   * What a request asks for.
   *
   * @param call that stands in the table
   * @param model that the path names, without escapes, or the id of a file, a batch or a job; null
   *     if the call is about none
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
      if (part.equals(MODEL) || part.equals(ID)) {
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
