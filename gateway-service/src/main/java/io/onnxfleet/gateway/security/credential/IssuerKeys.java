package io.onnxfleet.gateway.security.credential;

import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.source.JWKSetCacheRefreshEvaluator;
import com.nimbusds.jose.jwk.source.JWKSetSource;
import com.nimbusds.jose.jwk.source.JWKSetUnavailableException;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.ResourceRetriever;
import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Fetches an issuer's public keys. Where they are is asked when they are first needed, so that a
 * gateway starts without its issuer. Blocks; its callers have threads for that.
 */
final class IssuerKeys implements JWKSetSource<SecurityContext> {

  private static final String OPEN_ID = "/.well-known/openid-configuration";
  private static final String OAUTH2 = "/.well-known/oauth-authorization-server";

  private final String issuer;
  private final ResourceRetriever http;
  private volatile @Nullable URL location;
  private volatile boolean fetched;

  /**
   * Fetches nothing yet.
   *
   * @param location of the keys; empty: where the issuer's metadata says
   */
  IssuerKeys(String issuer, String location, ResourceRetriever http) {
    this.issuer = issuer;
    this.http = http;
    this.location = location.isEmpty() ? null : url(location);
  }

  /** Whether keys were there at least once. */
  boolean haveBeenFetched() {
    return fetched;
  }

  @Override
  public JWKSet getJWKSet(
      JWKSetCacheRefreshEvaluator refresh, long currentTime, SecurityContext context)
      throws KeySourceException {
    try {
      URL from = location;
      if (from == null) {
        from = discovered();
        location = from;
      }
      JWKSet keys = JWKSet.parse(http.retrieveResource(from).getContent());
      fetched = true;
      return keys;
    } catch (IOException | ParseException | IllegalArgumentException failure) {
      throw new JWKSetUnavailableException("keys of " + issuer + ": " + failure, failure);
    }
  }

  private URL discovered() throws IOException {
    IOException first = null;
    for (String metadata : metadata()) {
      try {
        JsonNode told =
            JsonMapper.shared().readTree(http.retrieveResource(url(metadata)).getContent());
        String said = told.path("issuer").asString("");
        if (!said.equals(issuer)) {
          throw new IOException(
              "%s: issuer '%s' (expected: '%s')".formatted(metadata, said, issuer));
        }
        return url(told.path("jwks_uri").asString(""));
      } catch (JacksonException notJson) {
        first = first == null ? new IOException(metadata + ": not JSON", notJson) : first;
      } catch (IOException failure) {
        first = first == null ? failure : first;
      }
    }
    throw first == null ? new IOException("no metadata") : first;
  }

  /** OpenID Connect's place, and that of RFC 8414, which goes before the issuer's path. */
  private List<String> metadata() {
    String base = issuer.endsWith("/") ? issuer.substring(0, issuer.length() - 1) : issuer;
    URI uri = URI.create(base);
    String path = uri.getRawPath() == null ? "" : uri.getRawPath();
    String origin = base.substring(0, base.length() - path.length());
    List<String> places = new ArrayList<>();
    places.add(base + OPEN_ID);
    places.add(origin + OAUTH2 + path);
    return places;
  }

  private static URL url(String text) {
    try {
      return URI.create(text).toURL();
    } catch (java.net.MalformedURLException | IllegalArgumentException malformed) {
      throw new IllegalArgumentException(
          "'" + text + "' (expected: an absolute http or https URL)", malformed);
    }
  }

  @Override
  public void close() {}
}
