package io.onnxfleet.discovery.inside;

import com.netflix.appinfo.ApplicationInfoManager;
import com.netflix.discovery.EurekaClientConfig;
import com.netflix.discovery.provider.DiscoveryJerseyProvider;
import com.netflix.discovery.shared.transport.jersey3.EurekaIdentityHeaderFilter;
import com.netflix.discovery.shared.transport.jersey3.EurekaJersey3Client;
import com.netflix.eureka.EurekaServerConfig;
import com.netflix.eureka.EurekaServerIdentity;
import com.netflix.eureka.cluster.PeerEurekaNode;
import com.netflix.eureka.cluster.PeerEurekaNodes;
import com.netflix.eureka.registry.PeerAwareInstanceRegistry;
import com.netflix.eureka.resources.ServerCodecs;
import com.netflix.eureka.transport.Jersey3DynamicGZIPContentEncodingFilter;
import com.netflix.eureka.transport.Jersey3ReplicationClient;
import jakarta.ws.rs.client.Client;
import jakarta.ws.rs.client.ClientBuilder;
import jakarta.ws.rs.client.ClientRequestFilter;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;

/**
 * The other registries, which changes are copied to by TLS with this registry's certificate.
 * Thread-safe, as far as Eureka asks for it.
 */
final class TlsPeers extends PeerEurekaNodes {

  private final SSLContext tls;
  private final List<ClientRequestFilter> filters;

  TlsPeers(
      PeerAwareInstanceRegistry registry,
      EurekaServerConfig server,
      EurekaClientConfig client,
      ServerCodecs codecs,
      ApplicationInfoManager self,
      SSLContext tls,
      List<ClientRequestFilter> filters) {
    super(registry, server, client, codecs, self);
    this.tls = tls;
    this.filters = filters;
  }

  @Override
  protected PeerEurekaNode createPeerEurekaNode(String url) {
    Client client =
        ClientBuilder.newBuilder()
            .sslContext(tls)
            // The context has looked at the registry's name, wherever it is.
            .hostnameVerifier((host, session) -> true)
            .connectTimeout(serverConfig.getPeerNodeConnectTimeoutMs(), TimeUnit.MILLISECONDS)
            .readTimeout(serverConfig.getPeerNodeReadTimeoutMs(), TimeUnit.MILLISECONDS)
            .register(
                new DiscoveryJerseyProvider(
                    serverCodecs.getFullJsonCodec(), serverCodecs.getFullJsonCodec()))
            .register(new Jersey3DynamicGZIPContentEncodingFilter(serverConfig))
            .register(new EurekaIdentityHeaderFilter(new EurekaServerIdentity(hostFromUrl(url))))
            .build();
    filters.forEach(client::register);
    return new PeerEurekaNode(
        registry,
        hostFromUrl(url),
        url,
        new Jersey3ReplicationClient(new Connection(client), url),
        serverConfig);
  }

  /** A client that ends with the peer. */
  private record Connection(Client client) implements EurekaJersey3Client {
    @Override
    public Client getClient() {
      return client;
    }

    @Override
    public void destroyResources() {
      client.close();
    }
  }
}
