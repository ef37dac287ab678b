package io.onnxfleet.gateway.routing;

import io.onnxfleet.gateway.aggregate.FleetQuestion;
import io.onnxfleet.gateway.fleet.ModelReference;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.springframework.web.util.UriUtils;

/**
 * The table of the API's paths: a hand-written walk over the segments, since every request passes
 * here. A path is what it says literally; empty segments and dots mean nothing special, so that
 * nothing can be smuggled past it.
 */
final class ApiPaths {

  private static final int MOST_SEGMENTS = 6;
  private static final String GET = "GET";
  private static final String POST = "POST";
  private static final String PUT = "PUT";
  private static final String DELETE = "DELETE";

  private ApiPaths() {}

  /**
   * Reads one request's method and path.
   *
   * @param method the request's method; HEAD counts as GET
   * @param rawPath the path as it was sent, with its escapes
   */
  static ApiCall read(String method, String rawPath) {
    @Nullable String[] segments = segments(rawPath);
    if (segments == null) {
      return new ApiCall.UnknownPath();
    }
    String effective = method.equals("HEAD") ? GET : method;
    Target target =
        switch (segments[0]) {
          case "v2" -> v2(segments, effective);
          case "v1" -> v1(segments, effective);
          case null, default -> null;
        };
    if (target == null) {
      return new ApiCall.UnknownPath();
    }
    return effective.equals(target.method) ? target.call : new ApiCall.WrongMethod(target.method);
  }

  private record Target(String method, ApiCall call) {}

  private static @Nullable Target v1(@Nullable String[] s, String method) {
    if (count(s) == 3 && "models".equals(s[1])) {
      String model = decoded(s[2]);
      return model == null
          ? null
          : new Target(GET, new ApiCall.ModelCall(new ModelReference(model, null)));
    }
    if (count(s) != 2) {
      return null;
    }
    return switch (s[1]) {
      case "embeddings" ->
          method.equals(GET)
              ? new Target(GET, new ApiCall.EmbeddingsQuery())
              : new Target(POST, new ApiCall.EmbeddingsCall());
      case "models" -> fleet(GET, new FleetQuestion.Models());
      case null, default -> null;
    };
  }

  private static @Nullable Target v2(@Nullable String[] s, String method) {
    int count = count(s);
    if (count == 1) {
      return fleet(GET, new FleetQuestion.ServerMetadata());
    }
    return switch (s[1]) {
      case "health" -> count == 3 ? health(s[2]) : null;
      case "repository" -> repository(s, count);
      case "fleet" -> fleet(s, count, method);
      case "models" -> models(s, count);
      case null, default -> null;
    };
  }

  private static @Nullable Target health(@Nullable String check) {
    return switch (check) {
      case "live" -> fleet(GET, new FleetQuestion.Live());
      case "ready" -> fleet(GET, new FleetQuestion.Ready());
      case null, default -> null;
    };
  }

  /** What the fleet adds to the protocol. */
  private static @Nullable Target fleet(@Nullable String[] s, int count, String method) {
    if (count == 3) {
      return switch (s[2]) {
        case "families" -> fleet(GET, new FleetQuestion.Families());
        case "rollouts" -> fleet(GET, new FleetQuestion.Rollouts());
        case null, default -> null;
      };
    }
    String model = count == 4 && "rollouts".equals(s[2]) ? decoded(s[3]) : null;
    if (model == null) {
      return null;
    }
    return method.equals(DELETE)
        ? fleet(DELETE, new FleetQuestion.DeleteRollout(model))
        : fleet(PUT, new FleetQuestion.PutRollout(model));
  }

  private static @Nullable Target repository(@Nullable String[] s, int count) {
    if (count == 3 && "index".equals(s[2])) {
      return fleet(POST, new FleetQuestion.RepositoryIndex());
    }
    String model = count == 5 && "models".equals(s[2]) ? decoded(s[3]) : null;
    if (model == null) {
      return null;
    }
    return switch (s[4]) {
      case "load" -> fleet(POST, new FleetQuestion.Load(model));
      case "unload" -> fleet(POST, new FleetQuestion.Unload(model));
      case null, default -> null;
    };
  }

  /** {@code models/stats} or {@code models/{m}[/versions/{v}][/action]}. */
  private static @Nullable Target models(@Nullable String[] s, int count) {
    if (count == 3 && "stats".equals(s[2])) {
      return fleet(GET, new FleetQuestion.AllStatistics());
    }
    String name = count >= 3 ? decoded(s[2]) : null;
    if (name == null) {
      return null;
    }
    boolean versioned = count >= 5 && "versions".equals(s[3]);
    String version = versioned ? decoded(s[4]) : null;
    if (versioned && version == null) {
      return null;
    }
    ModelReference model = new ModelReference(name, version);
    int action = versioned ? 5 : 3;
    if (count == action) {
      return new Target(GET, new ApiCall.ModelCall(model));
    }
    if (count > action + 1) {
      return null;
    }
    return switch (s[action]) {
      case "infer" -> new Target(POST, new ApiCall.ModelCall(model));
      case "ready", "config" -> new Target(GET, new ApiCall.ModelCall(model));
      case "stats" -> fleet(GET, new FleetQuestion.ModelStatistics(model));
      case null, default -> null;
    };
  }

  private static Target fleet(String method, FleetQuestion question) {
    return new Target(method, new ApiCall.FleetCall(question));
  }

  /** The path as replicas know it. */
  static String withoutSlashAtEnd(String path) {
    return path.length() > 1 && path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
  }

  /** The segments, one slash at the end ignored, or null when there are too many. */
  private static @Nullable String @Nullable [] segments(String path) {
    @Nullable String[] segments = new @Nullable String[MOST_SEGMENTS];
    int end = path.length() > 1 && path.endsWith("/") ? path.length() - 1 : path.length();
    int count = 0;
    for (int from = 1; from <= end; ) {
      int slash = path.indexOf('/', from);
      int to = slash < 0 || slash > end ? end : slash;
      if (count == MOST_SEGMENTS) {
        return null;
      }
      segments[count++] = path.substring(from, to);
      from = to + 1;
    }
    return segments;
  }

  private static int count(@Nullable String[] segments) {
    int count = 0;
    while (count < segments.length && segments[count] != null) {
      count++;
    }
    return count;
  }

  private static @Nullable String decoded(@Nullable String segment) {
    if (segment == null || segment.isEmpty()) {
      return null;
    }
    if (segment.indexOf('%') < 0) {
      return segment;
    }
    try {
      return UriUtils.decode(segment, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException malformed) {
      return null;
    }
  }
}
