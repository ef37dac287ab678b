package io.onnxfleet.contract.api;

/**
 * The templates of {@link ApiCall}'s table as constants, for annotations. {@code {model}}, {@code
 * {version}} and {@code {id}} stand for one segment each.
 */
public final class ApiPaths {

  private static final String MODELS = "/v2/models";
  private static final String VERSION = "/versions/{version}";

  public static final String SERVER = "/v2";
  public static final String LIVE = "/v2/health/live";
  public static final String READY = "/v2/health/ready";
  public static final String MODEL = MODELS + "/{model}";
  public static final String MODEL_VERSION = MODEL + VERSION;
  public static final String MODEL_READY = MODEL + "/ready";
  public static final String VERSION_READY = MODEL_VERSION + "/ready";
  public static final String MODEL_CONFIG = MODEL + "/config";
  public static final String VERSION_CONFIG = MODEL_VERSION + "/config";
  public static final String MODEL_STATISTICS = MODEL + "/stats";
  public static final String VERSION_STATISTICS = MODEL_VERSION + "/stats";
  public static final String ALL_STATISTICS = MODELS + "/stats";
  public static final String INFER = MODEL + "/infer";
  public static final String VERSION_INFER = MODEL_VERSION + "/infer";
  public static final String REPOSITORY_INDEX = "/v2/repository/index";
  public static final String LOAD = "/v2/repository/models/{model}/load";
  public static final String UNLOAD = "/v2/repository/models/{model}/unload";
  public static final String FAMILIES = "/v2/fleet/families";
  public static final String ROLLOUTS = "/v2/fleet/rollouts";
  public static final String ROLLOUT = ROLLOUTS + "/{model}";
  public static final String EMBEDDINGS = "/v1/embeddings";
  public static final String RERANK = "/v1/rerank";
  public static final String RERANK_V2 = "/v2/rerank";
  public static final String CLASSIFY = "/v1/classify";
  public static final String TOKEN_CLASSIFY = "/v1/token-classify";
  public static final String SIMILARITY = "/v1/similarity";
  public static final String TOKENIZE = "/v1/tokenize";
  public static final String DETOKENIZE = "/v1/detokenize";
  public static final String OPENAI_MODELS = "/v1/models";
  public static final String OPENAI_MODEL = OPENAI_MODELS + "/{model}";
  public static final String FILES = "/v1/files";
  public static final String FILE = FILES + "/{id}";
  public static final String FILE_CONTENT = FILE + "/content";
  public static final String BATCHES = "/v1/batches";
  public static final String BATCH = BATCHES + "/{id}";
  public static final String CANCEL_BATCH = BATCH + "/cancel";
  public static final String JOBS = "/v1/jobs";
  public static final String JOB = JOBS + "/{id}";
  public static final String JOB_RESULT = JOB + "/result";
  public static final String REPLICA_SELF = "/v2/fleet/self";
  public static final String MODEL_LOAD = MODEL + "/load";
  public static final String PROCESS_LIVE = "/livez";
  public static final String PROCESS_READY = "/readyz";

  /** As Spring's and others' patterns say "all below". */
  public static final String ALL_V2 = "/v2/**";

  public static final String ALL_V1 = "/v1/**";

  /** Below which everything has OpenAI's shapes; beside it {@link #RERANK_V2} does. */
  public static final String V1 = "/v1";

  /** The parameter of {@link #JOBS}: the path, with its query, that is to be asked some time. */
  public static final String JOB_CALL = "call";

  /** The parameter of {@link #JOB_RESULT}: seconds that it may be held until there is one. */
  public static final String JOB_WAIT = "wait";

  /** The most of {@link #JOB_WAIT}, in seconds. */
  public static final int LONGEST_JOB_WAIT = 60;

  private static final String HEALTH = "/v2/health/";

  private ApiPaths() {}

  /** Whether a path is one of the API's, known or not. */
  public static boolean isApi(String path) {
    return isBelow(path, SERVER) || isBelow(path, V1);
  }

  /** Whether errors of a path have OpenAI's shape. */
  public static boolean isOpenAi(String path) {
    return isBelow(path, V1) || isCohere(path);
  }

  /** Whether errors of a path say beside OpenAI's shape what Cohere's clients look for. */
  public static boolean isCohere(String path) {
    String plain = withoutSlashAtEnd(path);
    return plain.equals(RERANK) || plain.equals(RERANK_V2);
  }

  /** Whether a path asks whether something lives or is ready: open to all, and never refused. */
  public static boolean isHealth(String path) {
    return path.startsWith(HEALTH) || isOfProcess(path);
  }

  /** Whether a path asks that of one process rather than of what it serves. */
  public static boolean isOfProcess(String path) {
    return path.equals(PROCESS_LIVE) || path.equals(PROCESS_READY);
  }

  /** A path without the slash at its end, which changes nothing. */
  public static String withoutSlashAtEnd(String path) {
    return path.length() > 1 && path.charAt(path.length() - 1) == '/'
        ? path.substring(0, path.length() - 1)
        : path;
  }

  private static boolean isBelow(String path, String root) {
    return path.startsWith(root)
        && (path.length() == root.length() || path.charAt(root.length()) == '/');
  }
}
