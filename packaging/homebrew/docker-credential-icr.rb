class DockerCredentialIcr < Formula
  desc "Credential helper for IBM Cloud Container Registry"
  homepage "@HOMEPAGE@"
  version "@VERSION@"
  license "Apache-2.0"

  on_macos do
    on_arm do
      url "@URL@/@ARCHIVE_darwin-arm64@"
      sha256 "@SHA256_darwin-arm64@"
    end
    on_intel do
      url "@URL@/@ARCHIVE_darwin-x64@"
      sha256 "@SHA256_darwin-x64@"
    end
  end

  on_linux do
    on_arm do
      url "@URL@/@ARCHIVE_linux-arm64@"
      sha256 "@SHA256_linux-arm64@"
    end
    on_intel do
      url "@URL@/@ARCHIVE_linux-x64@"
      sha256 "@SHA256_linux-x64@"
    end
  end

  def install
    bin.install "docker-credential-icr"
    man1.install "man/man1/docker-credential-icr.1"
    bash_completion.install "completions/bash/docker-credential-icr"
    zsh_completion.install "completions/zsh/_docker-credential-icr"
    fish_completion.install "completions/fish/docker-credential-icr.fish"
    doc.install "THIRD-PARTY-NOTICES.md"
  end

  test do
    assert_match "v#{version}", shell_output("#{bin}/docker-credential-icr version")
    assert_match "credentials not found in native keychain",
                 pipe_output("#{bin}/docker-credential-icr get", "registry.example", 1)
  end
end
